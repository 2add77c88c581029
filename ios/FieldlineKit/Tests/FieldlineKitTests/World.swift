import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The harness's world: platform, WhatsApp and network, as real processes (tests/scenarios/README.md).
///
///     fieldline-harness world -- bindings/swift/swift test ios/FieldlineKit
final class World {
    struct Trouble: Error, CustomStringConvertible {
        let description: String
    }

    /// What an employee's phone needs.
    struct Employee: Decodable {
        let server: String
        let email: String
        let password: String
        let folder: String
    }

    private let file: Int32
    private var unread = Data()

    /// A world in which nothing has happened yet.
    init() throws {
        guard let address = ProcessInfo.processInfo.environment["FIELDLINE_WORLD"],
            let port = address.split(separator: ":").last.flatMap({ UInt16($0) })
        else { throw Trouble(description: "FIELDLINE_WORLD is missing: run by fieldline-harness world") }
        #if canImport(Glibc)
            file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            file = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var to = sockaddr_in()
        to.sin_family = sa_family_t(AF_INET)
        to.sin_port = port.bigEndian
        to.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let connected = withUnsafePointer(to: &to) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, size) }
        }
        guard connected == 0 else { throw Trouble(description: "the world does not answer") }
        try act("world", "fresh")
    }

    deinit { close(file) }

    func ana() throws -> Employee {
        try JSONDecoder().decode(Employee.self, from: try ask("ana", "phone", [:]))
    }

    func customerWrites(_ text: String, ageMs: Int = 0) throws {
        try act("customer", "write", ["wa_id": "34600111222", "name": "Luis Vega", "text": text, "age_ms": ageMs])
    }

    func ownerWrites(_ text: String) throws { try act("owner", "write", ["to": "34600111222", "text": text]) }

    func network(_ works: Bool) throws { try act("world", works ? "go_online" : "go_offline", ["agent": "ana"]) }

    /// WhatsApp answers the next send with this.
    func sendFails(_ code: Int) throws { try act("world", "faults", ["send": code, "times": 1]) }

    func linkCode() throws -> String {
        let made = try JSONSerialization.jsonObject(with: try ask("world", "link_code", ["agent": "ana"]))
        return (made as? [String: Any])?["link_code"] as? String ?? ""
    }

    /// What the customer's own phone shows, from the first message on.
    func customerSees() throws -> [String] {
        struct Chats: Decodable { let customers: [Chat] }
        struct Chat: Decodable { let messages: [Message] }
        struct Message: Decodable { let text: String }
        let chats = try JSONDecoder().decode(Chats.self, from: try ask("world", "chats", [:]))
        return chats.customers.first?.messages.map(\.text) ?? []
    }

    func act(_ who: String, _ verb: String, _ with: [String: Any] = [:]) throws { _ = try ask(who, verb, with) }

    private func ask(_ who: String, _ verb: String, _ with: [String: Any]) throws -> Data {
        let line = try JSONSerialization.data(withJSONObject: ["as": who, "do": verb, "with": with]) + Data("\n".utf8)
        guard line.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) == line.count else {
            throw Trouble(description: "the world does not listen")
        }
        let answer = try JSONSerialization.jsonObject(with: try readLine()) as? [String: Any] ?? [:]
        guard let value = answer["ok"] else { throw Trouble(description: "\(verb): \(answer["error"] ?? "")") }
        return try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
    }

    private func readLine() throws -> Data {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = unread.firstIndex(of: 10) {
                let line = unread[..<end]
                unread = Data(unread[unread.index(after: end)...])
                return Data(line)
            }
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { throw Trouble(description: "the world ended") }
            unread.append(contentsOf: buffer[..<count])
        }
    }
}

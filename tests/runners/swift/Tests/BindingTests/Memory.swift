import Fieldline
import Foundation

/// Secrets that end with the process.
final class MemorySecrets: SecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var kept: [String: Data] = [:]

    func get(name: String) throws -> Data? { lock.withLock { kept[name] } }
    func set(name: String, secret: Data) throws { lock.withLock { kept[name] = secret } }
    func remove(name: String) throws { lock.withLock { kept[name] = nil } }
}

/// A key store that fails in a way of its own.
final class BrokenSecrets: SecretStore {
    struct Nothing: Error {}

    func get(name: String) throws -> Data? { throw Nothing() }
    func set(name: String, secret: Data) throws { throw Nothing() }
    func remove(name: String) throws { throw Nothing() }
}

/// A folder that is gone after the test.
final class Folder {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("fieldline-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Port 9 of loopback: nobody listens there.
    func config(server: String = "http://127.0.0.1:9") -> Config {
        Config(
            storePath: path + "/store.db", serverUrl: server, deviceName: "Test", platform: "swift", extraRootsPem: nil)
    }
}

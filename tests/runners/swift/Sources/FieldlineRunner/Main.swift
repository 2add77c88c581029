import Fieldline
import Foundation

/// One request a line in, one answer a line out, in whatever order they come about. See tests/scenarios/README.md.
@main
struct Main {
    static func main() async {
        let phones = Phones()
        let output = Output()
        await withTaskGroup(of: Void.self) { group in
            while let line = readLine() {
                group.addTask { output.write(await answer(to: line, phones)) }
            }
            // What still waits here waits for a snapshot; the end of the clients ends it.
            await phones.end()
        }
    }

    private static func answer(to line: String, _ phones: Phones) async -> Json {
        guard let request = try? JSONDecoder().decode(Json.self, from: Data(line.utf8)), let id = request["id"] else {
            return .object(["id": .null, "error": misused("no request")])
        }
        do {
            let phone = phones.phone(of: try request.text("as"))
            let wanted = request["with"] ?? .object([:])
            return .object(["id": id, "ok": try await phone.perform(request.text("do"), wanted)])
        } catch let error as FieldlineError {
            return .object(["id": id, "error": shape(of: error)])
        } catch {
            return .object(["id": id, "error": misused((error as? Misuse)?.what ?? "\(error)")])
        }
    }

    private static func misused(_ what: String) -> Json {
        .object(["code": .text("runner"), "details": .object(["what": .text(what)])])
    }
}

/// Standard output, a whole line at a time.
private final class Output: Sendable {
    private let lock = NSLock()

    func write(_ answer: Json) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let line = try? encoder.encode(answer) else { return }
        lock.withLock { FileHandle.standardOutput.write(line + Data("\n".utf8)) }
    }
}

import Fieldline
import Foundation

/// The phones of this process, by their person's name.
final class Phones: @unchecked Sendable {
    private let lock = NSLock()
    private var phones: [String: Phone] = [:]

    func phone(of name: String) -> Phone {
        lock.withLock {
            let phone = phones[name] ?? Phone()
            phones[name] = phone
            return phone
        }
    }

    func end() async {
        for phone in lock.withLock({ Array(phones.values) }) { await phone.end() }
    }
}

/// One phone: each verb is one call of its client.
actor Phone {
    private var opened: Client?
    private var watched: [String: any Watched] = [:]

    private var client: Client {
        get throws {
            guard let opened else { throw Misuse(what: "not open") }
            return opened
        }
    }

    func end() async { try? await opened?.shutdown() }

    func perform(_ verb: String, _ wanted: Json) async throws -> Json {
        switch verb {
        case "version": return .text(Client.version)
        case "open": try await open(wanted)
        case "preview_link_code": return shape(try await client.previewLinkCode(wanted.text("code")))
        case "sign_in": return shape(try await client.signIn(credentials(wanted)))
        case "account": return shape(try await client.account() as Any)
        case "sign_out": try await client.signOut(unsent: wanted.text("unsent") == "delete" ? .delete : .keep)
        case "enter_foreground": try await client.enterForeground()
        case "try_now": try await client.tryNow()
        case "shutdown": try await client.shutdown()
        case "enter_background", "run_background": return try await background(verb, wanted)
        case "network_changed": try client.networkChanged(network(wanted.text("kind")))
        case "inbox", "timeline", "outbox", "status":
            let view = try watch(verb, wanted)
            return try await view.next()
        case "watch": watched[try wanted.text("name")] = try watch(wanted.text("view"), wanted)
        case "next": return try await named(wanted).next()
        case "widen": try named(wanted).widen(by: Int(wanted.number("more")))
        case "cancel": try await named(wanted).cancel()
        default: return try await reply(verb, wanted)
        }
        return .null
    }

    private func reply(_ verb: String, _ wanted: Json) async throws -> Json {
        switch verb {
        case "load_older": try await client.loadOlder(wanted.text("conversation"))
        case "send_reply":
            return .text(
                try await client.sendReply(
                    wanted.text("conversation"), wanted.text("body"), seenN: wanted.number("seen_n")))
        case "quote_reply":
            return .text(
                try await client.quoteReply(
                    wanted.text("conversation"), to: wanted.text("message"), wanted.text("body"),
                    seenN: wanted.number("seen_n")))
        case "edit":
            return .text(
                try await client.edit(wanted.text("message"), wanted.text("body"), seenN: wanted.number("seen_n")))
        case "send_anyway": try await client.sendAnyway(wanted.text("message"), seenN: wanted.number("seen_n"))
        case "discard": return shape(try await client.discard(wanted.text("message")))
        case "withdraw": return shape(try await client.withdraw(wanted.text("message")))
        case "let_pass": try await client.letPass(wanted.text("message"))
        case "settle": try await client.settle(wanted.text("message"), settlement(wanted))
        case "mark_read": try await client.markRead(wanted.text("conversation"), upToN: wanted.number("up_to_n"))
        default: throw Misuse(what: "no verb \(verb)")
        }
        return .null
    }

    private func open(_ wanted: Json) async throws {
        let config = Config(
            storePath: try wanted.text("store"), serverUrl: try wanted.text("server"),
            deviceName: try wanted.text("device_name"), platform: "swift", extraRootsPem: nil)
        opened = try await Client.open(config, secrets: fileSecrets(in: wanted.text("secrets")))
        watched = [:]
    }

    private func background(_ verb: String, _ wanted: Json) async throws -> Json {
        if verb == "enter_background" {
            return shape(try await client.enterBackground(deadline: .milliseconds(wanted.number("deadline_ms"))))
        }
        let reason: BackgroundReason = try wanted.text("reason") == "push" ? .push : .scheduled
        return shape(try await client.runBackground(reason, budget: .milliseconds(wanted.number("budget_ms"))))
    }

    private func watch(_ view: String, _ wanted: Json) throws -> any Watched {
        switch view {
        case "inbox": Watcher(try client.inbox())
        case "timeline": Watcher(try client.timeline(wanted.text("conversation")))
        case "outbox": Watcher(try client.outbox())
        case "status": Watcher(try client.status())
        default: throw Misuse(what: "no view \(view)")
        }
    }

    private func named(_ wanted: Json) throws -> any Watched {
        guard let view = watched[try wanted.text("name")] else { throw Misuse(what: "nothing watched by that name") }
        return view
    }

    private func credentials(_ wanted: Json) throws -> Credentials {
        if let code = try? wanted.text("link_code") { return .linkCode(code: code) }
        return .password(email: try wanted.text("email"), password: try wanted.text("password"))
    }

    private func settlement(_ wanted: Json) throws -> Settlement {
        try wanted.text("result") == "arrived" ? .arrived : .sendAgain(seenN: wanted.number("seen_n"))
    }

    private func network(_ kind: String) throws -> NetworkKind {
        switch kind {
        case "none": .none
        case "unmetered": .unmetered
        case "metered": .metered
        default: throw Misuse(what: "no kind of network \(kind)")
        }
    }
}

/// A request that cannot be carried out at all.
struct Misuse: Error {
    let what: String
}

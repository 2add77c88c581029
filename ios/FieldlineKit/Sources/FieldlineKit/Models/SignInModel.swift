import Fieldline
import Foundation
import Observation

/// E1: server, and a password or a link code.
@MainActor @Observable
public final class SignInModel {
    public enum Method: Sendable, CaseIterable {
        case password
        case code
    }

    public enum Phase: Sendable, Equatable {
        case asking
        case running
        /// What the code stands for: nothing is used up before the yes.
        case confirming(question: String, server: String, device: String)
    }

    public var server: String
    public var method = Method.password
    public var email = ""
    public var password = ""
    public var code = ""
    public private(set) var phase = Phase.asking
    public private(set) var failure: String?

    public var words: Words { phone.wording.words }

    @ObservationIgnored private let phone: Phone

    init(phone: Phone, server: String) {
        self.phone = phone
        self.server = server
    }

    public var canContinue: Bool {
        guard phase == .asking, !server.isEmpty else { return false }
        return switch method {
        case .password: !email.isEmpty && !password.isEmpty
        case .code: !code.isEmpty
        }
    }

    /// Signs in with the password, or asks what the code stands for.
    public func proceed() async {
        guard canContinue else { return }
        switch method {
        case .password: await signIn(.password(email: email, password: password))
        case .code: await preview()
        }
    }

    /// The person's yes to what the code stands for.
    public func confirm() async {
        guard case .confirming = phase else { return }
        await signIn(.linkCode(code: code))
    }

    /// Back to the form, with what was typed.
    public func cancel() {
        if case .confirming = phase { phase = .asking }
    }

    /// What was typed as an address: nobody types a scheme.
    private var address: String {
        var typed = server.trimmingCharacters(in: .whitespaces)
        while typed.hasSuffix("/") { typed.removeLast() }
        return typed.contains("://") ? typed : "https://\(typed)"
    }

    private func preview() async {
        await attempt {
            let preview = try await phone.client(of: address).previewLinkCode(code)
            phase = .confirming(
                question: words.signInConfirm(workspace: preview.workspaceName, person: preview.memberName),
                server: words.signInConfirmServer(server: address),
                device: words.signInConfirmDevice(device: phone.deviceName))
        }
    }

    private func signIn(_ credentials: Credentials) async {
        await attempt {
            let client = try await phone.client(of: address)
            try await client.signIn(credentials)
            password = ""
            code = ""
            try phone.signedIn(client)
        }
    }

    private func attempt(_ work: () async throws -> Void) async {
        failure = nil
        phase = .running
        do {
            try await work()
        } catch {
            failure = phone.wording.failure(error)
        }
        if phase == .running { phase = .asking }
    }
}

import Fieldline
import Foundation
import Observation

/// The app's one long-lived object: the store, who is signed in, and the screen that belongs to that.
@MainActor @Observable
public final class Phone {
    /// What to show.
    public enum Screen {
        case opening
        case signIn(SignInModel)
        case work(WorkModel)
        /// The store cannot be opened; the text says why and what helps.
        case stuck(String)
    }

    public private(set) var screen = Screen.opening

    @ObservationIgnored let wording: Wording
    @ObservationIgnored let deviceName: String
    @ObservationIgnored private let folder: URL
    @ObservationIgnored private let secrets: any SecretStore
    @ObservationIgnored private var client: Client?
    @ObservationIgnored private var isInForeground = false

    /// - Parameters:
    ///   - folder: the app's private folder, kept out of the system's backups.
    ///   - deviceName: this phone's name in the office's list of devices.
    public init(folder: URL, deviceName: String, secrets: any SecretStore, wording: Wording = Wording()) {
        self.folder = folder
        self.deviceName = deviceName
        self.secrets = secrets
        self.wording = wording
    }

    /// Opens what is there and shows the screen that it calls for. No network is waited for.
    public func start() async {
        guard let server = rememberedServer else {
            screen = .signIn(SignInModel(phone: self, server: ""))
            return
        }
        do {
            let client = try await open(server)
            if try await client.account() != nil {
                show(client)
            } else {
                screen = .signIn(SignInModel(phone: self, server: server))
            }
        } catch {
            screen = .stuck(wording.failure(error))
        }
    }

    /// The app is on the screen.
    public func enterForeground() async {
        isInForeground = true
        try? await client?.enterForeground()
    }

    /// The app left the screen. `deadline` is what the system leaves it.
    public func enterBackground(deadline: Duration) async {
        isInForeground = false
        _ = try? await client?.enterBackground(deadline: deadline)
    }

    /// The system says that the network changed: a hint, nothing more.
    public func networkChanged(_ kind: NetworkKind) { client?.networkChanged(kind) }

    /// Before the process ends in order. Screens end with it.
    public func shutdown() async {
        try? await client?.shutdown()
        client = nil
    }

    // MARK: For the screens

    /// The client of that server. Another server has another store; the one before is closed.
    func client(of server: String) async throws -> Client {
        if let client, rememberedServer == server { return client }
        try await client?.shutdown()
        client = nil
        return try await open(server)
    }

    /// Somebody signed in.
    func signedIn(_ client: Client) { show(client) }

    /// The password is asked again; outbox and rows are kept.
    func askForPassword() {
        screen = .signIn(SignInModel(phone: self, server: rememberedServer ?? ""))
    }

    private func open(_ server: String) async throws -> Client {
        let config = Config(
            storePath: folder.appendingPathComponent("store.db").path, serverUrl: server, deviceName: deviceName,
            platform: "ios", extraRootsPem: nil)
        let opened = try await Client.open(config, secrets: secrets)
        client = opened
        try remember(server)
        if isInForeground { try await opened.enterForeground() }
        return opened
    }

    private func show(_ client: Client) {
        screen = .work(WorkModel(phone: self, client: client, wording: wording))
    }

    // The core is told its server when it is opened, so that it cannot keep it.
    private var serverFile: URL { folder.appendingPathComponent("server") }

    private var rememberedServer: String? { try? String(contentsOf: serverFile, encoding: .utf8) }

    private func remember(_ server: String) throws {
        try Data(server.utf8).write(to: serverFile, options: .atomic)
    }
}

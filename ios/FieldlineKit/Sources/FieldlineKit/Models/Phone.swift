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
    /// The server that `client` belongs to.
    @ObservationIgnored private var opened: String?
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

    /// The client of that server. Another server has another store and other secrets; the one before is closed.
    func client(of server: String) async throws -> Client {
        if let client, opened == server { return client }
        try await client?.shutdown()
        client = nil
        return try await open(server)
    }

    /// Somebody signed in: the app opens there from now on.
    func signedIn(_ client: Client) throws {
        if let opened { try Data(opened.utf8).write(to: serverFile, options: .atomic) }
        show(client)
    }

    /// The password is asked again; outbox and rows are kept.
    func askForPassword() {
        screen = .signIn(SignInModel(phone: self, server: rememberedServer ?? ""))
    }

    private func open(_ server: String) async throws -> Client {
        let name = server.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "server"
        let config = Config(
            storePath: folder.appendingPathComponent("\(name).db").path, serverUrl: server, deviceName: deviceName,
            platform: "ios", extraRootsPem: nil)
        let client = try await Client.open(config, secrets: ServerSecrets(prefix: "\(name).", kept: secrets))
        self.client = client
        opened = server
        if isInForeground { try await client.enterForeground() }
        return client
    }

    private func show(_ client: Client) {
        screen = .work(WorkModel(phone: self, client: client, wording: wording))
    }

    // The core is told its server when it is opened, so that it cannot keep it.
    private var serverFile: URL { folder.appendingPathComponent("server") }

    private var rememberedServer: String? { try? String(contentsOf: serverFile, encoding: .utf8) }
}

/// The secrets of one server among those of the app.
private final class ServerSecrets: SecretStore {
    private let prefix: String
    private let kept: any SecretStore

    init(prefix: String, kept: any SecretStore) {
        self.prefix = prefix
        self.kept = kept
    }

    func get(name: String) throws -> Data? { try kept.get(name: prefix + name) }
    func set(name: String, secret: Data) throws { try kept.set(name: prefix + name, secret: secret) }
    func remove(name: String) throws { try kept.remove(name: prefix + name) }
}

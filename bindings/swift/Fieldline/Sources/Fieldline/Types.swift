import FieldlineFFI

// The values of the core under the names that everything else uses. They are described in core/src/api.

public typealias ConversationId = FieldlineFFI.ConversationId
public typealias MessageId = FieldlineFFI.MessageId
public typealias CommandId = FieldlineFFI.CommandId
public typealias MemberId = FieldlineFFI.MemberId
public typealias DeviceId = FieldlineFFI.DeviceId
public typealias Millis = FieldlineFFI.Millis

public typealias Config = FieldlineFFI.Config
public typealias Account = FieldlineFFI.Account
public typealias LinkPreview = FieldlineFFI.LinkPreview
public typealias NetworkKind = FieldlineFFI.NetworkKind
public typealias BackgroundReason = FieldlineFFI.BackgroundReason
public typealias BackgroundReport = FieldlineFFI.BackgroundReport
public typealias StopCause = FieldlineFFI.StopCause

public typealias Discarded = FieldlineFFI.Discarded
public typealias Withdrawal = FieldlineFFI.Withdrawal
public typealias Settlement = FieldlineFFI.Settlement
public typealias UnsentOnSignOut = FieldlineFFI.UnsentOnSignOut

public typealias InboxSnapshot = FieldlineFFI.InboxSnapshot
public typealias InboxRow = FieldlineFFI.InboxRow
public typealias Preview = FieldlineFFI.Preview
public typealias Unsent = FieldlineFFI.Unsent
public typealias TimelineSnapshot = FieldlineFFI.TimelineSnapshot
public typealias TimelineRow = FieldlineFFI.TimelineRow
public typealias OutboxSnapshot = FieldlineFFI.OutboxSnapshot
public typealias OutboxRow = FieldlineFFI.OutboxRow
public typealias QueuePause = FieldlineFFI.QueuePause
public typealias StatusSnapshot = FieldlineFFI.StatusSnapshot
public typealias LinkState = FieldlineFFI.LinkState
public typealias Author = FieldlineFFI.Author
public typealias AuthorKind = FieldlineFFI.AuthorKind
public typealias Body = FieldlineFFI.Body
public typealias MediaKind = FieldlineFFI.MediaKind
public typealias SharedContact = FieldlineFFI.SharedContact
public typealias Reaction = FieldlineFFI.Reaction
public typealias Forwarded = FieldlineFFI.Forwarded
public typealias WindowState = FieldlineFFI.WindowState
public typealias LadderStep = FieldlineFFI.LadderStep
public typealias StepTime = FieldlineFFI.StepTime
public typealias Reason = FieldlineFFI.Reason
public typealias Attention = FieldlineFFI.Attention
public typealias Trouble = FieldlineFFI.Trouble
public typealias Choice = FieldlineFFI.Choice

/// The one error: what a screen can act on, each with its stable code.
public typealias FieldlineError = FieldlineFFI.FieldlineError
public typealias SignInTrouble = FieldlineFFI.SignInTrouble
public typealias StorageTrouble = FieldlineFFI.StorageTrouble

public typealias SecretStore = FieldlineFFI.SecretStore
public typealias SecretError = FieldlineFFI.SecretError

extension Reason {
    /// The stable id of a reason, `R1` to `R16`: the key of its words.
    public var id: String { FieldlineFFI.reasonId(reason: self) }
}

/// Secrets in files with mode 0600 in `folder`, which is made with mode 0700: for desktops. Phones have their own key store.
public func fileSecrets(in folder: String) -> any SecretStore { FieldlineFFI.fileSecrets(folder: folder) }

/// Clients and views that are not freed yet, in the whole process: for leak tests.
public func liveObjects() -> UInt64 { FieldlineFFI.liveObjects() }

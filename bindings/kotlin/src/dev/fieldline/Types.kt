package dev.fieldline

import dev.fieldline.ffi.reasonId
import dev.fieldline.ffi.fileSecrets as secretsIn
import dev.fieldline.ffi.liveObjects as countLiveObjects

// The values of the core under the names that everything else uses. They are described in core/src/api.
// A typealias does not reach what is nested in its class, so each form of a sealed class has a name of its own.

public typealias ConversationId = dev.fieldline.ffi.ConversationId
public typealias MessageId = dev.fieldline.ffi.MessageId
public typealias CommandId = dev.fieldline.ffi.CommandId
public typealias MemberId = dev.fieldline.ffi.MemberId
public typealias DeviceId = dev.fieldline.ffi.DeviceId
public typealias Millis = dev.fieldline.ffi.Millis

public typealias Config = dev.fieldline.ffi.Config
public typealias Account = dev.fieldline.ffi.Account
public typealias LinkPreview = dev.fieldline.ffi.LinkPreview
public typealias NetworkKind = dev.fieldline.ffi.NetworkKind
public typealias BackgroundReason = dev.fieldline.ffi.BackgroundReason
public typealias BackgroundReport = dev.fieldline.ffi.BackgroundReport
public typealias StopCause = dev.fieldline.ffi.StopCause

public typealias Discarded = dev.fieldline.ffi.Discarded
public typealias Withdrawal = dev.fieldline.ffi.Withdrawal
public typealias Settlement = dev.fieldline.ffi.Settlement
public typealias ArrivedSettlement = dev.fieldline.ffi.Settlement.Arrived
public typealias SendAgainSettlement = dev.fieldline.ffi.Settlement.SendAgain
public typealias UnsentOnSignOut = dev.fieldline.ffi.UnsentOnSignOut

public typealias InboxSnapshot = dev.fieldline.ffi.InboxSnapshot
public typealias InboxRow = dev.fieldline.ffi.InboxRow
public typealias Preview = dev.fieldline.ffi.Preview
public typealias Unsent = dev.fieldline.ffi.Unsent
public typealias TimelineSnapshot = dev.fieldline.ffi.TimelineSnapshot
public typealias TimelineRow = dev.fieldline.ffi.TimelineRow
public typealias OutboxSnapshot = dev.fieldline.ffi.OutboxSnapshot
public typealias OutboxRow = dev.fieldline.ffi.OutboxRow
public typealias QueuePause = dev.fieldline.ffi.QueuePause
public typealias StatusSnapshot = dev.fieldline.ffi.StatusSnapshot
public typealias LinkState = dev.fieldline.ffi.LinkState
public typealias Author = dev.fieldline.ffi.Author
public typealias AuthorKind = dev.fieldline.ffi.AuthorKind
public typealias Body = dev.fieldline.ffi.Body
public typealias TextBody = dev.fieldline.ffi.Body.Text
public typealias MediaBody = dev.fieldline.ffi.Body.Media
public typealias LocationBody = dev.fieldline.ffi.Body.Location
public typealias ContactsBody = dev.fieldline.ffi.Body.Contacts
public typealias TemplateBody = dev.fieldline.ffi.Body.Template
public typealias InteractiveBody = dev.fieldline.ffi.Body.Interactive
public typealias NoteBody = dev.fieldline.ffi.Body.Note
public typealias LineBody = dev.fieldline.ffi.Body.Line
public typealias DeletedBody = dev.fieldline.ffi.Body.Deleted
public typealias UnsupportedBody = dev.fieldline.ffi.Body.Unsupported
public typealias MediaKind = dev.fieldline.ffi.MediaKind
public typealias SharedContact = dev.fieldline.ffi.SharedContact
public typealias Reaction = dev.fieldline.ffi.Reaction
public typealias Forwarded = dev.fieldline.ffi.Forwarded
public typealias WindowState = dev.fieldline.ffi.WindowState
public typealias OpenWindow = dev.fieldline.ffi.WindowState.Open
public typealias ClosedWindow = dev.fieldline.ffi.WindowState.Closed
public typealias LadderStep = dev.fieldline.ffi.LadderStep
public typealias StepTime = dev.fieldline.ffi.StepTime
public typealias Reason = dev.fieldline.ffi.Reason
public typealias Attention = dev.fieldline.ffi.Attention
public typealias Trouble = dev.fieldline.ffi.Trouble
public typealias Choice = dev.fieldline.ffi.Choice

public typealias FieldlineException = dev.fieldline.ffi.FieldlineException
public typealias OfflineException = dev.fieldline.ffi.FieldlineException.Offline
public typealias SignInException = dev.fieldline.ffi.FieldlineException.SignIn
public typealias NotAllowedException = dev.fieldline.ffi.FieldlineException.NotAllowed
public typealias RefusedException = dev.fieldline.ffi.FieldlineException.Refused
public typealias InvalidException = dev.fieldline.ffi.FieldlineException.Invalid
public typealias NotFoundException = dev.fieldline.ffi.FieldlineException.NotFound
public typealias StorageException = dev.fieldline.ffi.FieldlineException.Storage
public typealias AlreadyOpenException = dev.fieldline.ffi.FieldlineException.AlreadyOpen
public typealias IncompatibleVersionException = dev.fieldline.ffi.FieldlineException.IncompatibleVersion
public typealias SuspendedException = dev.fieldline.ffi.FieldlineException.Suspended
public typealias CancelledException = dev.fieldline.ffi.FieldlineException.Cancelled
public typealias InternalException = dev.fieldline.ffi.FieldlineException.Internal
public typealias SignInTrouble = dev.fieldline.ffi.SignInTrouble
public typealias StorageTrouble = dev.fieldline.ffi.StorageTrouble

public typealias SecretStore = dev.fieldline.ffi.SecretStore
public typealias SecretException = dev.fieldline.ffi.SecretException
public typealias SecretLockedException = dev.fieldline.ffi.SecretException.Locked
public typealias SecretFailedException = dev.fieldline.ffi.SecretException.Failed

public typealias LogLevel = dev.fieldline.ffi.LogLevel
public typealias LogRecord = dev.fieldline.ffi.LogRecord
public typealias LogSink = dev.fieldline.ffi.LogSink

/** The stable id of a reason, `R1` to `R16`: the key of its words. */
public val Reason.id: String get() = reasonId(this)

/** Secrets in files with mode 0600 in [folder], which is made with mode 0700: for desktops. Phones have their own key store. */
public fun fileSecrets(folder: String): SecretStore = secretsIn(folder)

/** Clients and views that are not freed yet, in the whole process: for leak tests. */
public fun liveObjects(): Long = countLiveObjects().toLong()

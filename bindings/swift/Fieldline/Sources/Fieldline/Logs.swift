import FieldlineFFI
import Foundation

#if canImport(os)
    import os
#endif

public typealias LogLevel = FieldlineFFI.LogLevel
public typealias LogRecord = FieldlineFFI.LogRecord
public typealias LogSink = FieldlineFFI.LogSink
public typealias LogSinkError = FieldlineFFI.LogSinkError

/// Hands what the core logs from `level` up to `sink`, in batches and in order, in the place of an earlier sink; for all clients
/// of the process. The sink is called on a thread of the core's and must not call the core. One that throws three times in a row
/// is switched off.
///
/// Throws `internal` if the process has another logger for the core's library already.
public func startLogging(_ level: LogLevel, to sink: any LogSink = SystemLog()) throws {
    try FieldlineFFI.startLogging(sink: sink, level: level)
}

/// Hands over what waits and lets go of the sink; no error if there is none.
public func stopLogging() { FieldlineFFI.stopLogging() }

/// The type of what the sink threw when it was switched off; absent while it works.
public var loggingTrouble: String? { FieldlineFFI.loggingTrouble() }

/// The system's own log; on systems without one, standard error.
public final class SystemLog: LogSink {
    #if canImport(os)
        private let logger = Logger(subsystem: "dev.fieldline", category: "core")
    #endif

    public init() {}

    public func write(records: [LogRecord]) throws {
        for record in records {
            let line = "\(record.target) \(record.text)"
            #if canImport(os)
                // Nothing in it is anybody's: public.
                switch record.level {
                case .error: logger.error("\(line, privacy: .public)")
                case .warn: logger.warning("\(line, privacy: .public)")
                case .info: logger.info("\(line, privacy: .public)")
                case .debug: logger.debug("\(line, privacy: .public)")
                }
            #else
                FileHandle.standardError.write(Data("\(record.level) \(line)\n".utf8))
            #endif
        }
    }
}

"""What the core logs, in Python's own logging."""

import atexit
import logging

import fieldline_ffi as ffi

_LEVELS = {
    ffi.LogLevel.ERROR: logging.ERROR,
    ffi.LogLevel.WARN: logging.WARNING,
    ffi.LogLevel.INFO: logging.INFO,
    ffi.LogLevel.DEBUG: logging.DEBUG,
}

# A thread that still hands records over while the interpreter goes down would abort the process.
atexit.register(ffi.stop_logging)


class _Sink(ffi.LogSink):
    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def write(self, records: list[ffi.LogRecord]) -> None:
        for record in records:
            level = _LEVELS[record.level]
            if not self._logger.isEnabledFor(level):
                continue
            made = self._logger.makeRecord(self._logger.name, level, record.target, 0, record.text, (), None)
            # The moment at which it was written, not the one at which its batch came.
            made.created, made.msecs = record.at / 1000, float(record.at % 1000)
            self._logger.handle(made)


def log_to(logger: logging.Logger | None = None, level: ffi.LogLevel = ffi.LogLevel.INFO) -> None:
    """Hands what the core logs to `logger` (the one named ``fieldline`` by default), in batches, until `stop_logging`.

    For all clients of the process, in the place of an earlier logger. A handler that raises three times in a row ends it.
    """
    ffi.start_logging(_Sink(logger or logging.getLogger("fieldline")), level)

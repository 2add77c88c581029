import Fieldline
import Foundation

/// Moments as this phone shows them.
public struct Times: Sendable {
    private let locale: Locale
    private let zone: TimeZone

    public init(locale: Locale = .current, zone: TimeZone = .current) {
        self.locale = locale
        self.zone = zone
    }

    /// `14:05` today, else the day; in a list, where room is short.
    func short(_ moment: Millis, now: Millis) -> String {
        isSameDay(moment, now) ? clock(moment) : day(moment)
    }

    /// `14:05` today, else the day with the hour.
    func full(_ moment: Millis, now: Millis) -> String {
        isSameDay(moment, now) ? clock(moment) : "\(day(moment)), \(clock(moment))"
    }

    private func clock(_ moment: Millis) -> String {
        date(moment).formatted(style.hour().minute())
    }

    private func day(_ moment: Millis) -> String {
        date(moment).formatted(style.day().month())
    }

    private var style: Date.FormatStyle { Date.FormatStyle(locale: locale, timeZone: zone) }

    private func date(_ moment: Millis) -> Date { Date(timeIntervalSince1970: Double(moment) / 1_000) }

    private func isSameDay(_ one: Millis, _ other: Millis) -> Bool {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        return calendar.isDate(date(one), inSameDayAs: date(other))
    }
}

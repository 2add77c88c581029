import FieldlineKit
import SwiftUI

/// An icon with its word.
struct LabelView: View {
    let label: FieldlineKit.Label

    var body: some View {
        HStack(spacing: Look.spaceXs) {
            Image(systemName: label.icon).accessibilityHidden(true)
            Text(label.text)
        }
        .font(.caption)
        .foregroundStyle(Color(look: label.tone.colour))
    }
}

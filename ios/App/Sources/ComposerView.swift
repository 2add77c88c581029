import FieldlineKit
import SwiftUI

/// E4: the field, what the text will become, and why it cannot go.
struct ComposerView: View {
    @Bindable var model: ComposerModel

    var body: some View {
        VStack(alignment: .leading, spacing: Look.spaceS) {
            if let banner = model.banner {
                HStack(spacing: Look.spaceS) {
                    Text(banner).font(.footnote).lineLimit(2)
                    Button(model.words.cancel) { model.cancelPurpose() }.frame(minHeight: Look.target)
                }
            }
            if let closed = model.closed { Text(closed).font(.footnote) }
            if let failure = model.failure { Text(failure).foregroundStyle(Color(look: Look.red)) }
            HStack(alignment: .bottom, spacing: Look.spaceS) {
                TextField(model.words.composerHint, text: $model.text, axis: .vertical)
                    .lineLimit(1...6)
                    .frame(minHeight: Look.target)
                Button(model.sendTitle) { Task { await model.send() } }
                    .disabled(!model.canSend)
                    .frame(minHeight: Look.target)
            }
            if let counter = model.counter { LabelView(label: counter) }
        }
        .padding(Look.spaceM)
        .background(Color(look: Look.surface))
    }
}

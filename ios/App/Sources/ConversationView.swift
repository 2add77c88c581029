import FieldlineKit
import SwiftUI

/// E3: one conversation. Everything that is decided is the model's; this lays it out.
struct ConversationView: View {
    let model: ConversationModel

    var body: some View {
        ScrollView {
            LazyVStack(spacing: Look.gapAuthor) {
                if model.hasOlder {
                    Button(model.words.chatOlder) { Task { await model.showOlder() } }
                        .frame(minHeight: Look.target)
                }
                ForEach(model.bubbles) { bubble in
                    BubbleView(bubble: bubble, act: { act($0, bubble) }, quote: { model.quote(bubble.id) })
                }
                if model.bubbles.isEmpty && !model.isLoading {
                    Text(model.words.chatEmpty).foregroundStyle(Color(look: Look.muted))
                }
            }
            .padding(Look.spaceM)
        }
        .defaultScrollAnchor(.bottom)
        .background(Color(look: Look.bg))
        .safeAreaInset(edge: .top) { head }
        .safeAreaInset(edge: .bottom) { ComposerView(model: model.composer) }
        .navigationTitle(model.name)
        .task { await model.run() }
        .task(id: model.bubbles.last?.id) { await model.markRead() }
    }

    @ViewBuilder private var head: some View {
        VStack(spacing: Look.spaceXs) {
            if let window = model.window { LabelView(label: window) }
            if let failure = model.failure {
                LabelView(label: FieldlineKit.Label(icon: "exclamationmark.triangle", text: failure, tone: .red))
            }
        }
        .padding(Look.spaceS)
        .frame(maxWidth: .infinity)
        .background(Color(look: Look.surface))
    }

    private func act(_ action: MessageAction, _ bubble: Bubble) {
        Task { await model.perform(action.choice, on: bubble.id) }
    }
}

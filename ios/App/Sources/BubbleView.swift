import FieldlineKit
import SwiftUI

/// One message: author, text, how far it got, and what can be done about it.
struct BubbleView: View {
    let bubble: Bubble
    let act: @MainActor (MessageAction) -> Void
    let quote: @MainActor () -> Void

    @State private var discarding: MessageAction?
    @State private var isAsking = false
    @State private var showsSteps = false

    var body: some View {
        VStack(alignment: bubble.shape.isAtEnd ? .trailing : .leading, spacing: Look.spaceXs) {
            if let hole = bubble.hole { Text(hole).font(.footnote).foregroundStyle(Color(look: Look.info)) }
            content
            if !bubble.actions.isEmpty { actions }
        }
        .frame(maxWidth: .infinity, alignment: bubble.shape.isAtEnd ? .trailing : .leading)
    }

    private var content: some View {
        VStack(alignment: .leading, spacing: Look.spaceXs) {
            LabelView(label: bubble.author)
            if let quoted = bubble.quote { Text(quoted).font(.footnote).foregroundStyle(Color(look: Look.muted)) }
            if let kind = bubble.kind { Text(kind).italic(true) }
            if !bubble.text.isEmpty { Text(bubble.text) }
            if let hint = bubble.hint { Text(hint).font(.footnote) }
            ForEach(bubble.marks, id: \.self) { Text($0).font(.footnote).foregroundStyle(Color(look: Look.muted)) }
            if let answer = bubble.answer { Text(answer).font(.footnote).padding(Look.spaceS) }
            if let note = bubble.note { Text(note).font(.footnote) }
            HStack(spacing: Look.spaceS) {
                Text(bubble.time).font(.caption.monospacedDigit()).foregroundStyle(Color(look: Look.muted))
                if let step = bubble.step { LabelView(label: step) }
            }
            if showsSteps { ForEach(bubble.steps, id: \.self) { Text($0).font(.caption) } }
            if let trouble = bubble.trouble { LabelView(label: trouble) }
        }
        .padding(Look.bubblePadding)
        .background(Color(look: bubble.shape.fill), in: shape)
        .overlay { shape.stroke(Color(look: Look.line), style: StrokeStyle(lineWidth: 1, dash: dash)) }
        .frame(maxWidth: Look.bubbleMax, alignment: bubble.shape.isAtEnd ? .trailing : .leading)
        .onTapGesture { showsSteps.toggle() }
        .contextMenu { Button(action: quote) { Image(systemName: "arrowshape.turn.up.left") } }
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(bubble.accessibilityLabel)
    }

    private var actions: some View {
        HStack(spacing: Look.spaceS) {
            ForEach(bubble.actions) { action in
                Button(action.text) { tapped(action) }
                    .frame(minHeight: Look.target)
            }
        }
        .confirmationDialog(bubble.text, isPresented: $isAsking, titleVisibility: .visible) {
            if let action = discarding { Button(action.text, role: .destructive) { act(action) } }
        }
    }

    /// What throws something away asks first.
    private func tapped(_ action: MessageAction) {
        guard action.isDestructive else { return act(action) }
        discarding = action
        isAsking = true
    }

    private var shape: RoundedRectangle { RoundedRectangle(cornerRadius: Look.radius) }

    private var dash: [CGFloat] { bubble.shape.isDashed ? [4, 3] : [] }
}

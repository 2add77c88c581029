package dev.fieldline.testing

import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.geometry.Size
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsNodeInteractionsProvider
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.toSize
import dev.fieldline.ui.SHORTENED

/** Fails if a text is cut, two things overlap, a control has no name or is too small for a finger. */
fun SemanticsNodeInteractionsProvider.checkLayout(screen: String) {
    val faults = mutableListOf<String>()
    for (root in onAllNodes(isRoot(), useUnmergedTree = true).fetchSemanticsNodes()) {
        val nodes = root.below().toList()
        nodes.forEach { node -> faults += cuts(node) }
        faults += overlaps(nodes.filter { it.isSeen() })
    }
    for (root in onAllNodes(isRoot(), useUnmergedTree = false).fetchSemanticsNodes()) {
        root.below().filter { SemanticsActions.OnClick in it.config }.forEach { node -> faults += control(node) }
    }
    check(faults.isEmpty()) { "$screen:\n" + faults.distinct().joinToString("\n") }
}

private fun SemanticsNode.below(): Sequence<SemanticsNode> = children.asSequence().flatMap { sequenceOf(it) + it.below() }

private fun SemanticsNode.ancestors(): Sequence<SemanticsNode> = generateSequence(parent) { it.parent }

private fun SemanticsNode.words(): String =
    listOfNotNull(
        config.getOrNull(SemanticsProperties.Text)?.joinToString(" "),
        config.getOrNull(SemanticsProperties.ContentDescription)?.joinToString(" "),
        config.getOrNull(SemanticsProperties.EditableText)?.text,
    ).joinToString(" ").trim()

private fun SemanticsNode.isSeen(): Boolean =
    (words().isNotEmpty() || SemanticsActions.OnClick in config || SemanticsProperties.EditableText in config) &&
        boundsInRoot.width > 0 && boundsInRoot.height > 0

private fun SemanticsNode.whole(): Rect = Rect(positionInRoot, size.toSize())

private fun SemanticsNode.scrolls(): Boolean =
    ancestors().any {
        SemanticsProperties.VerticalScrollAxisRange in it.config || SemanticsProperties.HorizontalScrollAxisRange in it.config
    }

private fun cuts(node: SemanticsNode): List<String> {
    if (SemanticsProperties.Text !in node.config) return emptyList()
    val faults = mutableListOf<String>()
    val whole = node.whole()
    val seen = node.boundsInRoot
    if (kotlin.math.abs(whole.width - seen.width) > 1 && seen.width > 0) faults += "cut at the side: '${node.words()}'"
    if (!node.scrolls() && kotlin.math.abs(whole.height - seen.height) > 1) faults += "cut above or below: '${node.words()}'"
    val results = mutableListOf<TextLayoutResult>()
    node.config
        .getOrNull(SemanticsActions.GetTextLayoutResult)
        ?.action
        ?.invoke(results)
    val mayShorten = node.config.getOrNull(SemanticsProperties.TestTag) == SHORTENED
    for (result in results) {
        val lines = 0 until result.lineCount
        // The paragraph is as wide as it was allowed to be, so its lines are measured.
        val wide = lines.any { result.getLineRight(it) - result.getLineLeft(it) > node.size.width + 1 }
        val high = result.multiParagraph.height > node.size.height + 1
        val shortened = lines.any { result.isLineEllipsized(it) }
        if (!mayShorten && (wide || high || shortened)) faults += "text does not fit: '${node.words()}'"
    }
    return faults
}

private fun overlaps(nodes: List<SemanticsNode>): List<String> {
    val faults = mutableListOf<String>()
    for ((at, one) in nodes.withIndex()) {
        for (other in nodes.drop(at + 1)) {
            val common = one.boundsInRoot.intersect(other.boundsInRoot)
            val touch = common.width > 1 && common.height > 1
            if (touch && one !in other.ancestors() && other !in one.ancestors()) {
                faults += "overlap: '${one.words()}' ${one.boundsInRoot} and '${other.words()}' ${other.boundsInRoot}"
            }
        }
    }
    return faults
}

private operator fun Sequence<SemanticsNode>.contains(node: SemanticsNode): Boolean = any { it.id == node.id }

private fun control(node: SemanticsNode): List<String> {
    val faults = mutableListOf<String>()
    if (node.words().isEmpty() &&
        node.below().all { it.words().isEmpty() }
    ) {
        faults += "a control without a name at ${node.boundsInRoot}"
    }
    val least = with(node.layoutInfo.density) { 48.dp.toPx() } - 1
    val touch = node.touchBoundsInRoot.size
    val scrolledAway = node.scrolls() && node.whole().size != node.boundsInRoot.size
    if (!scrolledAway && touch.isUnder(least)) faults += "smaller than 48 dp: '${node.words()}' $touch"
    return faults
}

private fun Size.isUnder(least: Float): Boolean = width < least || height < least

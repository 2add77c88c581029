// Declarations only, of what ios/App uses of SwiftUI, spelt as Apple's documentation spells them: so that the views are type-checked
// against FieldlineKit where there is no Xcode. Nothing here is ever run.

@_exported import Foundation
@_exported import Observation
import UIKit

func declared<T>() -> T { fatalError("declared only") }
func made() -> Never { fatalError("declared only") }

// MARK: Building

@MainActor @preconcurrency public protocol View {
    associatedtype Body: View
    @ViewBuilder @MainActor @preconcurrency var body: Self.Body { get }
}

extension Never: View {
    public var body: Never { made() }
}

/// What stands for all that SwiftUI makes itself.
public protocol Primitive: View where Body == Never {}
extension Primitive {
    public var body: Never { made() }
}

public struct Anything: Primitive {}

public struct Either<First: View, Second: View>: Primitive {}

extension Optional: View where Wrapped: View {
    public var body: Never { made() }
}

@resultBuilder public struct ViewBuilder {
    public static func buildBlock() -> Anything { declared() }
    public static func buildBlock<Content: View>(_ content: Content) -> Content { content }
    public static func buildBlock<each Content: View>(_ content: repeat each Content) -> Anything { declared() }
    public static func buildIf<Content: View>(_ content: Content?) -> Content? { content }
    public static func buildEither<First: View, Second: View>(first: First) -> Either<First, Second> { declared() }
    public static func buildEither<First: View, Second: View>(second: Second) -> Either<First, Second> { declared() }
}

// MARK: State

@propertyWrapper @dynamicMemberLookup public struct Binding<Value> {
    public var wrappedValue: Value {
        get { declared() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { declared() }
    public init(projectedValue: Binding<Value>) { made() }
    public subscript<Subject>(dynamicMember keyPath: WritableKeyPath<Value, Subject>) -> Binding<Subject> { declared() }
}

@propertyWrapper @dynamicMemberLookup public struct Bindable<Value> {
    public var wrappedValue: Value
    public var projectedValue: Bindable<Value> { declared() }
    public init(wrappedValue: Value) where Value: AnyObject, Value: Observable { made() }
    public subscript<Subject>(dynamicMember keyPath: ReferenceWritableKeyPath<Value, Subject>) -> Binding<Subject>
    where Value: AnyObject { declared() }
}

@propertyWrapper public struct State<Value> {
    public var wrappedValue: Value {
        get { declared() }
        nonmutating set {}
    }
    public var projectedValue: Binding<Value> { declared() }
    public init(wrappedValue value: Value) { made() }
}

extension State where Value: ExpressibleByNilLiteral {
    public init() { made() }
}

// MARK: Views

public struct Text: Primitive {
    public init<S: StringProtocol>(_ content: S) { made() }
    public func italic(_ isActive: Bool) -> Text { declared() }
}

public struct Image: Primitive {
    public init(systemName: String) { made() }
}

public struct ButtonRole: Sendable {
    public static let destructive: ButtonRole = declared()
}

public struct Button: Primitive {
    public init<S: StringProtocol>(_ title: S, action: @escaping @MainActor () -> Void) { made() }
    public init<S: StringProtocol>(_ title: S, role: ButtonRole?, action: @escaping @MainActor () -> Void) { made() }
    public init<Content: View>(action: @escaping @MainActor () -> Void, @ViewBuilder label: () -> Content) { made() }
}

public struct TextField: Primitive {
    public init<S: StringProtocol>(_ title: S, text: Binding<String>, axis: Axis) { made() }
}

public struct VStack: Primitive {
    public init<Content: View>(
        alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) { made() }
}

public struct LazyVStack: Primitive {
    public init<Content: View>(
        alignment: HorizontalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) { made() }
}

public struct HStack: Primitive {
    public init<Content: View>(
        alignment: VerticalAlignment = .center, spacing: CGFloat? = nil, @ViewBuilder content: () -> Content
    ) { made() }
}

public struct ScrollView: Primitive {
    public init<Content: View>(@ViewBuilder content: () -> Content) { made() }
}

public struct ForEach: Primitive {
    public init<Data: RandomAccessCollection, Content: View>(
        _ data: Data, @ViewBuilder content: @escaping (Data.Element) -> Content
    ) where Data.Element: Identifiable { made() }
    public init<Data: RandomAccessCollection, ID: Hashable, Content: View>(
        _ data: Data, id: KeyPath<Data.Element, ID>, @ViewBuilder content: @escaping (Data.Element) -> Content
    ) { made() }
}

// MARK: Shapes and styles

public struct Color: Primitive, ShapeStyle, Sendable {
    public init(uiColor: UIColor) { made() }
}

public protocol ShapeStyle {}

public protocol Shape: View {}
extension Shape {
    public func stroke<S: ShapeStyle>(_ content: S, style: StrokeStyle) -> Anything { declared() }
}

public struct RoundedRectangle: Shape, Primitive {
    public init(cornerRadius: CGFloat) { made() }
}

public struct StrokeStyle {
    public init(lineWidth: CGFloat = 1, dash: [CGFloat] = []) { made() }
}

public struct Font: Sendable {
    public static let footnote: Font = declared()
    public static let caption: Font = declared()
    public func monospacedDigit() -> Font { declared() }
}

public struct Alignment: Sendable {
    public static let center: Alignment = declared()
    public static let leading: Alignment = declared()
    public static let trailing: Alignment = declared()
}

public struct HorizontalAlignment: Sendable {
    public static let center: HorizontalAlignment = declared()
    public static let leading: HorizontalAlignment = declared()
    public static let trailing: HorizontalAlignment = declared()
}

public struct VerticalAlignment: Sendable {
    public static let center: VerticalAlignment = declared()
    public static let bottom: VerticalAlignment = declared()
}

public enum Axis: Sendable {
    case horizontal, vertical
}

public enum VerticalEdge: Sendable {
    case top, bottom
}

public struct UnitPoint: Sendable {
    public static let bottom: UnitPoint = declared()
}

public enum Visibility: Sendable {
    case automatic, visible, hidden
}

public struct AccessibilityChildBehavior: Sendable {
    public static let ignore: AccessibilityChildBehavior = declared()
}

// MARK: Modifiers

extension View {
    public func padding(_ length: CGFloat) -> some View { Anything() }
    public func frame(
        minWidth: CGFloat? = nil, idealWidth: CGFloat? = nil, maxWidth: CGFloat? = nil, minHeight: CGFloat? = nil,
        idealHeight: CGFloat? = nil, maxHeight: CGFloat? = nil, alignment: Alignment = .center
    ) -> some View { Anything() }
    public func background<S: ShapeStyle>(_ style: S) -> some View { Anything() }
    public func background<S: ShapeStyle, T: Shape>(_ style: S, in shape: T) -> some View { Anything() }
    public func overlay<V: View>(@ViewBuilder content: () -> V) -> some View { Anything() }
    public func foregroundStyle<S: ShapeStyle>(_ style: S) -> some View { Anything() }
    public func font(_ font: Font?) -> some View { Anything() }
    public func lineLimit(_ number: Int?) -> some View { Anything() }
    public func lineLimit(_ limit: ClosedRange<Int>) -> some View { Anything() }
    public func disabled(_ disabled: Bool) -> some View { Anything() }
    public func navigationTitle<S: StringProtocol>(_ title: S) -> some View { Anything() }
    public func defaultScrollAnchor(_ anchor: UnitPoint?) -> some View { Anything() }
    public func safeAreaInset<V: View>(edge: VerticalEdge, @ViewBuilder content: () -> V) -> some View { Anything() }
    public func onTapGesture(perform action: @escaping () -> Void) -> some View { Anything() }
    public func contextMenu<MenuItems: View>(@ViewBuilder menuItems: () -> MenuItems) -> some View { Anything() }
    public func confirmationDialog<S: StringProtocol, A: View>(
        _ title: S, isPresented: Binding<Bool>, titleVisibility: Visibility = .automatic, @ViewBuilder actions: () -> A
    ) -> some View { Anything() }
    public func task(@_inheritActorContext _ action: @escaping @Sendable () async -> Void) -> some View { Anything() }
    public func task<T: Equatable>(id value: T, @_inheritActorContext _ action: @escaping @Sendable () async -> Void)
        -> some View
    { Anything() }
    public func accessibilityElement(children: AccessibilityChildBehavior) -> some View { Anything() }
    public func accessibilityLabel<S: StringProtocol>(_ label: S) -> some View { Anything() }
    public func accessibilityHidden(_ hidden: Bool) -> some View { Anything() }
}

// Declarations only, of what ios/App uses of UIKit; see SwiftUI.swift.

@_exported import Foundation

public enum UIUserInterfaceStyle: Int, Sendable {
    case unspecified, light, dark
}

open class UITraitCollection: NSObject {
    open var userInterfaceStyle: UIUserInterfaceStyle { declared() }
}

open class UIColor: NSObject, @unchecked Sendable {
    public convenience init(dynamicProvider: @escaping @Sendable (UITraitCollection) -> UIColor) { self.init() }
    public init(red: CGFloat, green: CGFloat, blue: CGFloat, alpha: CGFloat) { super.init() }
    public override init() { super.init() }
}

func declared<T>() -> T { fatalError("declared only") }

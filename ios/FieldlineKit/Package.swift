// swift-tools-version: 6.0
// Every decision of the iOS app's screens, on Linux as on Apple's systems. The views in ../App only lay them out.
import PackageDescription

let package = Package(
    name: "FieldlineKit",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "FieldlineKit", targets: ["FieldlineKit"])],
    dependencies: [.package(path: "../../bindings/swift/Fieldline")],
    targets: [
        // Its Generated/ is written by `ios/generate` and never committed.
        .target(name: "FieldlineKit", dependencies: [.product(name: "Fieldline", package: "Fieldline")]),
        .testTarget(name: "FieldlineKitTests", dependencies: ["FieldlineKit"]),
    ],
    swiftLanguageModes: [.v6]
)

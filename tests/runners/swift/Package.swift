// swift-tools-version: 6.0
// The scenarios' runner in Swift (tests/scenarios/README.md), and the tests that only Swift needs.
import PackageDescription

let package = Package(
    name: "FieldlineRunner",
    platforms: [.macOS(.v14)],
    dependencies: [.package(path: "../../../bindings/swift/Fieldline")],
    targets: [
        .executableTarget(name: "FieldlineRunner", dependencies: [.product(name: "Fieldline", package: "Fieldline")]),
        .testTarget(name: "BindingTests", dependencies: [.product(name: "Fieldline", package: "Fieldline")]),
    ],
    swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.0
// The Swift side of the border: what UniFFI generates, and the wrapper that is the only one to see it.
import PackageDescription

let package = Package(
    name: "Fieldline",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "Fieldline", targets: ["Fieldline"])],
    targets: [
        // Generated/ is written by `../generate` and never committed.
        .systemLibrary(name: "FieldlineFFICore", path: "Generated/FieldlineFFICore"),
        .target(
            name: "FieldlineFFI", dependencies: ["FieldlineFFICore"], path: "Generated/FieldlineFFI",
            linkerSettings: [.linkedLibrary("fieldline_ffi")]),
        .target(name: "Fieldline", dependencies: ["FieldlineFFI"]),
    ],
    swiftLanguageModes: [.v6]
)

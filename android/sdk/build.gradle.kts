plugins {
    alias(libs.plugins.kotlin.jvm)
}

kotlin {
    jvmToolchain(17)
    // The wrapper over the core, and what is generated from the core (`bindings/generate kotlin` in the root).
    sourceSets["main"].kotlin.srcDirs("../../bindings/kotlin/src", "../../target/bindings/kotlin")
}

dependencies {
    implementation(libs.bundles.sdk)
    // The app brings JNA with the phone's own libraries in it.
    compileOnly(libs.bundles.sdk.native)
}

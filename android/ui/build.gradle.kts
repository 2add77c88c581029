plugins {
    alias(libs.plugins.android.library)
    alias(libs.plugins.compose)
}

val look = layout.buildDirectory.dir("look")

val generateLook by tasks.registering(Exec::class) {
    inputs.dir("../../look")
    outputs.dir(look)
    commandLine("python3", "../../look/generate.py", "android", look.get().asFile.path)
}

android {
    namespace = "dev.fieldline.ui"
    compileSdk = 37
    defaultConfig.minSdk = 26
    sourceSets["main"].kotlin.directories.add(
        look
            .get()
            .dir("kotlin")
            .asFile.path,
    )
    sourceSets["main"].res.directories.add(
        look
            .get()
            .dir("res")
            .asFile.path,
    )
    sourceSets["test"].kotlin.directories.add("../testing/kotlin")
    testOptions.unitTests.isIncludeAndroidResources = true
}

kotlin.jvmToolchain(17)
tasks.named("preBuild") { dependsOn(generateLook) }

dependencies {
    implementation(project(":sdk"))
    implementation(libs.bundles.ui)
    testImplementation(libs.bundles.test)
    debugImplementation(libs.bundles.test.manifest)
}

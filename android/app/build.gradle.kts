plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.compose)
}

android {
    namespace = "dev.fieldline.agent"
    compileSdk = 37
    defaultConfig {
        applicationId = "dev.fieldline.agent"
        minSdk = 26
        targetSdk = 36
        versionCode = 1
        versionName = "0.1.0"
    }
    buildTypes["release"].apply {
        isMinifyEnabled = true
        isShrinkResources = true
        proguardFiles(getDefaultProguardFile("proguard-android-optimize.txt"), "proguard-rules.pro")
    }
    sourceSets["test"].kotlin.directories.add("../testing/kotlin")
    testOptions.unitTests.isIncludeAndroidResources = true
}

kotlin.jvmToolchain(17)

dependencies {
    implementation(project(":sdk"))
    implementation(project(":ui"))
    implementation(libs.bundles.ui)
    implementation(libs.bundles.app)
    implementation(variantOf(libs.jna) { artifactType("aar") })
    testImplementation(libs.bundles.sdk.native)
    testImplementation(libs.bundles.test)
    debugImplementation(libs.bundles.test.manifest)
}

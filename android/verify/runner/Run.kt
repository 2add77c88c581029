package dev.fieldline.verify

import org.junit.runner.Description
import org.junit.runner.JUnitCore
import org.junit.runner.notification.Failure
import org.junit.runner.notification.RunListener
import java.io.File
import kotlin.system.exitProcess

/** Says what runs and what failed, a line each. */
private class Lines : RunListener() {
    private var begun = 0L

    override fun testStarted(description: Description) {
        begun = System.nanoTime()
    }

    override fun testFinished(description: Description) {
        println(
            "test ${description.testClass.simpleName}.${description.methodName} ${(System.nanoTime() - begun) / 1_000_000} ms",
        )
    }

    override fun testFailure(failure: Failure) {
        println("FAILED ${failure.description.displayName}\n${failure.trimmedTrace}")
    }
}

/** Runs the test classes below a folder, those whose names hold one of the words behind it; closes with one line. */
fun main(arguments: Array<String>) {
    val folder = File(arguments.first())
    val words = arguments.drop(1)
    val names =
        folder
            .walk()
            .map { it.relativeTo(folder).path }
            .filter { it.endsWith("Test.class") }
            .map { it.removeSuffix(".class").replace('/', '.') }
            .filter { name -> words.isEmpty() || words.any { it in name } }
            .sorted()
    val core = JUnitCore()
    core.addListener(Lines())
    val result = core.run(*names.map { Class.forName(it) }.toList().toTypedArray())
    println("android tests: ${result.runCount - result.failureCount} passed, ${result.failureCount} failed")
    // Threads of the JNA and of Robolectric do not hold the process.
    exitProcess(if (result.wasSuccessful() && result.runCount > 0) 0 else 1)
}

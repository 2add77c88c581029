package dev.fieldline.tests

fun main(arguments: Array<String>) {
    if (arguments.firstOrNull() == LEAVE) return leaveWithoutGoodbye(arguments[1])
    val suite = Suite()
    suite.errors()
    suite.lives()
    suite.rows()
    suite.logs()
    suite.exits()
    suite.close()
}

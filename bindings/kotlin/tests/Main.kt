package dev.fieldline.tests

fun main() {
    val suite = Suite()
    suite.errors()
    suite.lives()
    suite.rows()
    suite.close()
}

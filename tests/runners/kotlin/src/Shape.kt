package dev.fieldline.runner

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import java.lang.reflect.Modifier

/**
 * A value of the core as JSON, under the core's names.
 *
 * By reflection and not by a list of fields: what the bindings gained or lost shows in the scenarios without a change here.
 */
fun shape(value: Any?): JsonElement =
    when (value) {
        null, is Unit -> JsonNull
        is String -> JsonPrimitive(value)
        is Boolean -> JsonPrimitive(value)
        is Number -> JsonPrimitive(value)
        is UInt -> JsonPrimitive(value.toLong())
        is ULong -> JsonPrimitive(value.toLong())
        is Enum<*> -> JsonPrimitive(value.name.lowercase())
        is List<*> -> JsonArray(value.map(::shape))
        else -> if (isForm(value)) form(value) else JsonObject(fields(value))
    }

/** A form of a sealed class: its word as `kind`, beside its fields. */
private fun form(value: Any): JsonElement = JsonObject(mapOf("kind" to JsonPrimitive(word(value))) + fields(value))

/** The core's name of a form. */
fun word(form: Any): String = snake(form.javaClass.simpleName)

/** All fields by their core names. */
fun fields(value: Any): Map<String, JsonElement> =
    value.javaClass.declaredFields
        .filterNot { Modifier.isStatic(it.modifiers) || it.isSynthetic }
        .associate { field ->
            field.isAccessible = true
            snake(field.name) to shape(field.get(value))
        }

private fun isForm(value: Any): Boolean = value.javaClass.enclosingClass?.isAssignableFrom(value.javaClass) == true

/** `SignInAgain` and `lastN` as `sign_in_again` and `last_n`. */
private fun snake(name: String): String = name.replace(Regex("(?<=[a-z0-9])(?=[A-Z])"), "_").lowercase()

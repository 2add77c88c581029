package dev.fieldline.runner

import dev.fieldline.FieldlineException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject

/** One request a line in, one answer a line out, in whatever order they come about. See tests/scenarios/README.md. */
fun main(): Unit =
    runBlocking(Dispatchers.Default) {
        val phones = Phones()
        for (line in generateSequence(::readLine)) {
            val request = Json.parseToJsonElement(line).jsonObject
            launch { answer(request.getValue("id"), outcome(phones, request)) }
        }
        phones.end()
    }

/** What a request comes to: its value, or the error under the core's names. */
private suspend fun outcome(
    phones: Phones,
    request: JsonObject,
): Pair<String, JsonElement> =
    try {
        val wanted = request["with"] as? JsonObject ?: JsonObject(emptyMap())
        "ok" to phones.of(request.text("as")).perform(request.text("do"), wanted)
    } catch (error: CancellationException) {
        throw error
    } catch (error: FieldlineException) {
        "error" to error(error)
    } catch (error: Exception) {
        "error" to buildJsonObject { put("code", JsonPrimitive("runner: $error")) }
    }

private fun answer(
    id: JsonElement,
    outcome: Pair<String, JsonElement>,
) = synchronized(System.out) {
    println(JsonObject(mapOf("id" to id, outcome)))
    System.out.flush()
}

package dev.fieldline.runner

import dev.fieldline.FieldlineException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import kotlin.system.exitProcess

/** One request a line in, one answer a line out, in whatever order they come about. See tests/scenarios/README.md. */
fun main() {
    val phones = Phones()
    runBlocking(Dispatchers.Default) {
        val requests =
            launch {
                for (line in generateSequence(::readlnOrNull)) {
                    val request = Json.parseToJsonElement(line).jsonObject
                    launch { answer(request.getValue("id"), outcome(phones, request)) }
                }
                phones.end()
            }
        requests.join()
    }
    exitProcess(0)
}

/** What a request comes to: its value, or an error under the core's names. */
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
        "error" to failure(word(error), fields(error))
    } catch (error: Exception) {
        "error" to failure("runner", mapOf("what" to JsonPrimitive(error.toString())))
    }

private fun failure(
    code: String,
    details: Map<String, JsonElement>,
) = JsonObject(mapOf("code" to JsonPrimitive(code), "details" to JsonObject(details)))

private fun answer(
    id: JsonElement,
    outcome: Pair<String, JsonElement>,
) = synchronized(System.out) {
    println(JsonObject(mapOf("id" to id, outcome)))
    System.out.flush()
}

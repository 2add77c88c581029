package dev.fieldline.testing

import org.json.JSONArray
import org.json.JSONObject
import java.net.Socket

/** A real platform, a simulated WhatsApp and a relay before each employee, lent by `fieldline-harness world`; anew for each test. */
class World : AutoCloseable {
    private val socket = connect()
    private val input = socket.getOutputStream().bufferedWriter()
    private val output = socket.getInputStream().bufferedReader()

    init {
        step("world", "fresh")
    }

    /** What [name] signs in with. */
    fun agent(name: String): Agent {
        val found = step(name, "phone") as JSONObject
        return Agent(found.getString("server"), found.getString("email"), found.getString("password"))
    }

    fun customerWrites(
        number: String,
        name: String,
        text: String,
    ) = step("customer", "write", JSONObject(mapOf("wa_id" to number, "name" to name, "text" to text)))

    fun ownerWrites(
        number: String,
        text: String,
    ) = step("owner", "write", JSONObject(mapOf("to" to number, "text" to text)))

    fun linkCode(agent: String): String = (step("world", "link_code", of(agent)) as JSONObject).getString("link_code")

    fun goOffline(agent: String) = step("world", "go_offline", of(agent))

    fun goOnline(agent: String) = step("world", "go_online", of(agent))

    /** WhatsApp answers the next call with this. */
    fun sendFails(code: Int) = step("world", "faults", JSONObject(mapOf("send" to code, "times" to 1)))

    /** The phone's session is over at the server; the phone is not told. */
    fun endSession(agent: String) = step("world", "end_session", of(agent))

    /** Texts on one of the customers' phones. */
    fun customerSees(number: String): List<String> = texts("customers", number)

    /** Texts on the owner's phone in that chat. */
    fun ownerSees(number: String): List<String> = texts("owner", number)

    private fun texts(
        whose: String,
        number: String,
    ): List<String> {
        val chats = (step("world", "chats") as JSONObject).getJSONArray(whose)
        return chats
            .objects()
            .filter { it.getString("wa_id") == number }
            .flatMap { it.getJSONArray("messages").objects() }
            .map { it.getString("text") }
    }

    private fun JSONArray.objects(): List<JSONObject> = (0 until length()).map { getJSONObject(it) }

    private fun of(agent: String) = JSONObject(mapOf("agent" to agent))

    @Synchronized
    private fun step(
        who: String,
        verb: String,
        with: JSONObject = JSONObject(),
    ): Any? {
        input.write(JSONObject(mapOf("as" to who, "do" to verb, "with" to with)).toString() + "\n")
        input.flush()
        val answer = JSONObject(checkNotNull(output.readLine()) { "the world ended" })
        check(!answer.has("error")) { "$who $verb: ${answer.get("error")}" }
        return answer.opt("ok")
    }

    override fun close(): Unit = socket.close()

    private companion object {
        fun connect(): Socket {
            val address = checkNotNull(System.getenv("FIELDLINE_WORLD")) { "run by `fieldline-harness world -- COMMAND`" }
            return Socket(address.substringBefore(':'), address.substringAfter(':').toInt())
        }
    }
}

/** Where an employee signs in, and by what. */
class Agent(
    val server: String,
    val email: String,
    val password: String,
)

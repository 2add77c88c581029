package dev.fieldline.testing

import android.security.keystore.KeyGenParameterSpec
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.SecureRandom
import java.security.Security
import java.security.cert.Certificate
import java.security.spec.AlgorithmParameterSpec
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.spec.SecretKeySpec

/** Robolectric has no `AndroidKeyStore`: keys in memory under that name let the app's own sealing run. Hardware stays unproved. */
class TestKeystore : Provider("AndroidKeyStore", "1", "keys in memory, for tests") {
    init {
        put("KeyStore.AndroidKeyStore", Store::class.java.name)
        put("KeyGenerator.AES", Generator::class.java.name)
    }

    class Generator : KeyGeneratorSpi() {
        private lateinit var alias: String
        private var bits = 0

        override fun engineInit(
            parameters: AlgorithmParameterSpec,
            random: SecureRandom?,
        ) {
            val spec = parameters as KeyGenParameterSpec
            alias = spec.keystoreAlias
            bits = spec.keySize
        }

        override fun engineInit(random: SecureRandom?): Unit = error("needs a specification")

        override fun engineInit(
            keysize: Int,
            random: SecureRandom?,
        ): Unit = error("needs a specification")

        override fun engineGenerateKey(): SecretKey {
            val bytes = ByteArray(bits / Byte.SIZE_BITS).also { SecureRandom().nextBytes(it) }
            return SecretKeySpec(bytes, "AES").also { keys[alias] = it }
        }
    }

    class Store : KeyStoreSpi() {
        override fun engineGetKey(
            alias: String,
            password: CharArray?,
        ): Key? = keys[alias]

        override fun engineLoad(
            stream: InputStream?,
            password: CharArray?,
        ): Unit = Unit

        override fun engineDeleteEntry(alias: String) {
            keys.remove(alias)
        }

        override fun engineAliases(): Enumeration<String> = Collections.enumeration(keys.keys)

        override fun engineContainsAlias(alias: String): Boolean = alias in keys

        override fun engineSize(): Int = keys.size

        override fun engineIsKeyEntry(alias: String): Boolean = alias in keys

        override fun engineIsCertificateEntry(alias: String): Boolean = false

        override fun engineGetCertificateChain(alias: String): Array<Certificate>? = null

        override fun engineGetCertificate(alias: String): Certificate? = null

        override fun engineGetCertificateAlias(certificate: Certificate?): String? = null

        override fun engineGetCreationDate(alias: String): Date? = null

        override fun engineSetKeyEntry(
            alias: String,
            key: Key,
            password: CharArray?,
            chain: Array<Certificate>?,
        ): Unit = error("not offered")

        override fun engineSetKeyEntry(
            alias: String,
            key: ByteArray,
            chain: Array<Certificate>?,
        ): Unit = error("not offered")

        override fun engineSetCertificateEntry(
            alias: String,
            certificate: Certificate?,
        ): Unit = error("not offered")

        override fun engineStore(
            stream: OutputStream?,
            password: CharArray?,
        ): Unit = error("not offered")
    }

    companion object {
        private val keys = mutableMapOf<String, SecretKey>()

        /** Empty, and in the place of one that is there. */
        fun install() {
            keys.clear()
            Security.removeProvider("AndroidKeyStore")
            Security.addProvider(TestKeystore())
        }
    }
}

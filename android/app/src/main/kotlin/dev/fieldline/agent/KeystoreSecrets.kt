package dev.fieldline.agent

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import dev.fieldline.SecretFailedException
import dev.fieldline.SecretStore
import java.io.File
import java.io.FileOutputStream
import java.io.IOException
import java.nio.file.Files
import java.nio.file.StandardCopyOption
import java.security.GeneralSecurityException
import java.security.KeyStore
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Small secrets, each in a file of its own, sealed by an AES-256-GCM key that never leaves the Keystore. The name is bound to the
 * content, so that one file cannot stand in for another.
 */
internal class KeystoreSecrets(
    private val folder: File,
) : SecretStore {
    @Synchronized
    override fun get(name: String): ByteArray? =
        guarded {
            val file = fileOf(name)
            if (!file.exists()) return@guarded null
            val sealed = file.readBytes()
            if (sealed.size <= HEADER || sealed[0] != VERSION) throw AEADBadTagException()
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.DECRYPT_MODE, key(), GCMParameterSpec(TAG_BITS, sealed, 1, NONCE))
            cipher.updateAAD(name.toByteArray())
            cipher.doFinal(sealed, HEADER, sealed.size - HEADER)
        }

    @Synchronized
    override fun set(
        name: String,
        secret: ByteArray,
    ): Unit =
        guarded {
            // The Keystore chooses the nonce.
            val cipher = Cipher.getInstance(TRANSFORMATION)
            cipher.init(Cipher.ENCRYPT_MODE, key())
            cipher.updateAAD(name.toByteArray())
            val sealed = byteArrayOf(VERSION) + cipher.iv + cipher.doFinal(secret)
            folder.mkdirs()
            val aside = File(folder, "${fileOf(name).name}.new")
            FileOutputStream(aside).use {
                it.write(sealed)
                it.fd.sync()
            }
            Files.move(
                aside.toPath(),
                fileOf(name).toPath(),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING,
            )
        }

    @Synchronized
    override fun remove(name: String): Unit = guarded { Files.deleteIfExists(fileOf(name).toPath()) }

    private fun fileOf(name: String) = File(folder, name.toByteArray().joinToString("") { "%02x".format(it) })

    private fun key(): SecretKey {
        val store = KeyStore.getInstance(PROVIDER).apply { load(null) }
        (store.getKey(ALIAS, null) as? SecretKey)?.let { return it }
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val spec =
            KeyGenParameterSpec
                .Builder(ALIAS, purposes)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .setKeySize(KEY_BITS)
                .build()
        return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
    }

    /** What went wrong stays here: the core gets no foreign text. */
    private fun <T> guarded(work: () -> T): T =
        try {
            work()
        } catch (_: GeneralSecurityException) {
            throw SecretFailedException()
        } catch (_: IOException) {
            throw SecretFailedException()
        }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val ALIAS = "fieldline"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val KEY_BITS = 256
        const val TAG_BITS = 128
        const val NONCE = 12
        const val HEADER = 1 + NONCE
        const val VERSION: Byte = 1
    }
}

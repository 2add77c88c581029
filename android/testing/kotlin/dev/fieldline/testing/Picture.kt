package dev.fieldline.testing

import android.app.Activity
import android.graphics.Bitmap
import android.graphics.Canvas
import java.awt.image.BufferedImage
import java.awt.image.IndexColorModel
import java.io.File
import javax.imageio.ImageIO

/** Draws what the activity shows into `folder/name.png`, with a palette so that the file stays small. */
fun Activity.picture(
    folder: String,
    name: String,
) {
    val view = window.decorView
    val bitmap = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.draw(Canvas(bitmap))
    val pixels = IntArray(view.width * view.height)
    bitmap.getPixels(pixels, 0, view.width, 0, 0, view.width, view.height)
    bitmap.recycle()
    val file = File(folder, "$name.png")
    file.parentFile?.mkdirs()
    ImageIO.write(indexed(pixels, view.width, view.height), "png", file)
}

private const val PALETTE = 64

/** The most frequent colours as a palette; every other pixel takes the nearest of them. */
private fun indexed(
    pixels: IntArray,
    width: Int,
    height: Int,
): BufferedImage {
    val counts = pixels.toList().groupingBy { it or (0xFF shl 24) }.eachCount()
    val ranked = counts.entries.sortedWith(compareByDescending<Map.Entry<Int, Int>> { it.value }.thenBy { it.key })
    val palette = mutableListOf<Int>()
    for ((colour) in ranked) {
        // Neighbours of a colour that is there already would use up the palette.
        if (palette.size < PALETTE && palette.none { distance(it, colour) < NEAR }) palette += colour
    }
    val nearest = counts.keys.associateWith { colour -> palette.indices.minBy { distance(palette[it], colour) } }
    val model = IndexColorModel(6, palette.size, palette.toIntArray(), 0, false, -1, 0)
    val image = BufferedImage(width, height, BufferedImage.TYPE_BYTE_INDEXED, model)
    val indices = ByteArray(pixels.size) { nearest.getValue(pixels[it] or (0xFF shl 24)).toByte() }
    image.raster.setDataElements(0, 0, width, height, indices)
    return image
}

/** Squared distance below which two colours are taken as one. */
private const val NEAR = 60

private fun distance(
    one: Int,
    other: Int,
): Int =
    listOf(16, 8, 0).sumOf { shift ->
        val difference = (one shr shift and 0xFF) - (other shr shift and 0xFF)
        difference * difference
    }

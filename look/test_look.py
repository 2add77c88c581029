"""The neutral look holds what look.md promises, and the generator refuses what breaks it."""

import itertools
import unittest
from unittest import mock

import generate


class Tokens(unittest.TestCase):
    """Colours of both themes."""

    def test_every_pair_of_text_and_fill_holds_4_5_to_1(self):
        read = generate.tokens()
        for (above, below), theme in itertools.product(read["pairs"], ("light", "dark")):
            colours = read["colours"]
            found = generate.contrast(colours[above][theme], colours[below][theme])
            self.assertGreaterEqual(found, 4.5, f"{above} on {below} in {theme}: {found:.2f}")

    def test_text_and_muted_stand_on_every_fill(self):
        read = generate.tokens()
        fills = {"bg", "surface", "note"} | {it for it in read["colours"] if it.startswith("bubble_")}
        for ink in ("text", "muted"):
            self.assertEqual({below for above, below in read["pairs"] if above == ink}, fills)

    def test_contrast_is_wcags(self):
        self.assertAlmostEqual(generate.contrast("000000", "FFFFFF"), 21.0)
        self.assertAlmostEqual(generate.contrast("777777", "FFFFFF"), 4.48, places=2)


class Words(unittest.TestCase):
    """Texts of all languages."""

    def test_every_language_has_every_text(self):
        self.assertIn("en", generate.words())

    def test_no_exclamation_marks_and_no_jargon(self):
        for key, text in generate.words()["en"].items():
            for form in generate.forms(text).values():
                for word in ("!", "sync", "queue", "webhook"):
                    self.assertNotIn(word, form.lower(), key)

    def test_a_missing_text_fails(self):
        self.refused('{"back": "Back", "cancel": "Cancel"}', '{"back": "Zurück"}')

    def test_a_lost_placeholder_fails(self):
        self.refused('{"window_left": "{span} left"}', '{"window_left": "noch"}')

    def test_a_lost_plural_form_fails(self):
        self.refused('{"n": {"one": "{count} a", "other": "{count} b"}}', '{"n": {"one": "{count} a"}}')

    def refused(self, english, other):
        files = [mock.Mock(stem="en"), mock.Mock(stem="xx")]
        files[0].read_text.return_value = english
        files[1].read_text.return_value = other
        folder = mock.MagicMock()
        folder.__truediv__.return_value.glob.return_value = files
        for file, rank in zip(files, "ab"):
            file.__lt__ = lambda self, it, rank=rank: rank < "b"
        with mock.patch.object(generate, "HERE", folder), self.assertRaises(generate.LookError):
            generate.words()


class Android(unittest.TestCase):
    """What aapt2 gets."""

    def test_placeholders_are_numbered_in_the_source_languages_order(self):
        order = generate.arguments("{step} at {time}")
        self.assertEqual(generate.android_text("um {time}: {step}", order), "um %2$s: %1$s")

    def test_what_xml_and_aapt_read_is_escaped(self):
        self.assertEqual(generate.android_text("Owner's <b> & \"x\"", []), "Owner\\'s &lt;b&gt; &amp; \\\"x\\\"")
        self.assertEqual(generate.android_text("100 % {a}", ["a"]), "100 %% %1$s")
        self.assertEqual(generate.android_text("@home", []), "\\@home")


if __name__ == "__main__":
    unittest.main()

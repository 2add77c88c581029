package dev.fieldline.agent
class FieldlineApplication : android.app.Application()

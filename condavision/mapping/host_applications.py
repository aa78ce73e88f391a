"""Modules that no package supplies: they exist only inside another program's own Python.

A script that imports one is written for that program. Saying so helps; looking for a package does
not, and whatever carries such a name on an index is a stub or a stranger's.
"""

from __future__ import annotations

from types import MappingProxyType

__all__ = ["host_application"]

_HOSTS = MappingProxyType(
    {
        # geography
        "arcgisscripting": "ArcGIS",
        "arcpy": "ArcGIS",
        "qgis": "QGIS",
        # 3D, animation, compositing
        "bgl": "Blender",
        "blf": "Blender",
        "bmesh": "Blender",
        "bpy": "Blender",
        "bpy_extras": "Blender",
        "c4d": "Cinema 4D",
        "DaVinciResolveScript": "DaVinci Resolve",
        "fusionscript": "Fusion",
        "gpu_extras": "Blender",
        "hou": "Houdini",
        "ix": "Clarisse",
        "katana": "Katana",
        "Katana": "Katana",
        "lx": "Modo",
        "mari": "Mari",
        "maya": "Maya",
        "MaxPlus": "3ds Max",
        "modo": "Modo",
        "nuke": "Nuke",
        "nukescripts": "Nuke",
        "pymxs": "3ds Max",
        "pyfbsdk": "MotionBuilder",
        "rv": "RV",
        "substance_painter": "Substance 3D Painter",
        "toolutils": "Houdini",
        "unreal": "Unreal Engine",
        "UnrealEngine": "Unreal Engine",
        "unreal_engine": "Unreal Engine",
        "UnityEngine": "Unity",
        "vred": "VRED",
        # engineering
        "abaqus": "Abaqus",
        "abaqusConstants": "Abaqus",
        "adsk": "Fusion 360",
        "Autodesk": "Revit, AutoCAD or Dynamo",
        "caeModules": "Abaqus",
        "FreeCADGui": "FreeCAD",
        "ghpythonlib": "Rhino with Grasshopper",
        "odbAccess": "Abaqus",
        "pcbnew": "KiCad",
        "pyrevit": "Revit with pyRevit",
        "Rhino": "Rhino",
        "rhinoscriptsyntax": "Rhino",
        "salome": "SALOME",
        "scriptcontext": "Rhino",
        # debuggers, disassemblers
        "binaryninja": "Binary Ninja",
        "gdb": "GDB",
        "ghidra": "Ghidra",
        "ida_bytes": "IDA",
        "ida_funcs": "IDA",
        "ida_hexrays": "IDA",
        "ida_idaapi": "IDA",
        "ida_kernwin": "IDA",
        "ida_nalt": "IDA",
        "ida_name": "IDA",
        "ida_segment": "IDA",
        "ida_ua": "IDA",
        "idaapi": "IDA",
        "idautils": "IDA",
        "idc": "IDA",
        "immlib": "Immunity Debugger",
        "lldb": "LLDB",
        "pykd": "WinDbg",
        # editors, desktop programs
        "gimp": "GIMP",
        "gimpfu": "GIMP",
        "gimpenums": "GIMP",
        "inkex": "Inkscape",
        "krita": "Krita",
        "nvim": "Neovim",
        "scribus": "Scribus",
        "sublime": "Sublime Text",
        "sublime_api": "Sublime Text",
        "sublime_plugin": "Sublime Text",
        "vim": "Vim",
        "weechat": "WeeChat",
        "hexchat": "HexChat",
        "xchat": "XChat",
        "uno": "LibreOffice",
        "unohelper": "LibreOffice",
        "calibre": "calibre",
        "burp": "Burp Suite",
        "xbmc": "Kodi",
        "xbmcaddon": "Kodi",
        "xbmcgui": "Kodi",
        "xbmcplugin": "Kodi",
        "xbmcvfs": "Kodi",
        # robots: from a ROS installation, not from a package index
        "actionlib": "ROS",
        "ament_index_python": "ROS 2",
        "cv_bridge": "ROS",
        "dynamic_reconfigure": "ROS",
        "geometry_msgs": "ROS",
        "moveit_commander": "ROS",
        "nav_msgs": "ROS",
        "rclpy": "ROS 2",
        "rosbag": "ROS",
        "roslib": "ROS",
        "rospy": "ROS",
        "sensor_msgs": "ROS",
        "std_msgs": "ROS",
        "tf2_ros": "ROS",
        # services and devices
        "js": "a browser (Pyodide)",
        "pyodide_js": "a browser (Pyodide)",
        "mod_python": "Apache with mod_python",
        "freeswitch": "FreeSWITCH",
        "google.colab": "Google Colab",
        "kaggle_secrets": "Kaggle",
        "machine": "MicroPython",
        "micropython": "MicroPython",
        "utime": "MicroPython",
        "microbit": "the micro:bit",
        "ustruct": "MicroPython",
        "pyb": "MicroPython",
        "pybricks": "Pybricks on a LEGO hub",
        # other languages' Pythons
        "java": "Jython",
        "javax": "Jython",
        "System": "IronPython or pythonnet",
    }
)


def host_application(module: str) -> str | None:
    """Return the program whose own Python has a dotted module; None where packages may have it."""
    name = module
    while name:
        if name in _HOSTS:
            return _HOSTS[name]
        name = name.rpartition(".")[0]
    return None

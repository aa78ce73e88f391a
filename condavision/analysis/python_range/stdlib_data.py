"""Standard library modules by the Pythons that have them; written by a tool.

Made on 2026-11-22 by tools/generate_stdlib.py
from stdlib-list 0.12.0, typeshed-client 2.14.0. Do not edit.
"""

# fmt: off
MODULES: dict[str, str] = {
    "2.7": (
        "AL BaseHTTPServer Bastion CGIHTTPServer Canvas Carbon.AE Carbon.AH Carbon.App "
        "Carbon.Appearance Carbon.CF Carbon.CG Carbon.CarbonEvents Carbon.CarbonEvt Carbon.Cm "
        "Carbon.Components Carbon.ControlAccessor Carbon.Controls Carbon.CoreFounation "
        "Carbon.CoreGraphics Carbon.Ctl Carbon.Dialogs Carbon.Dlg Carbon.Drag "
        "Carbon.Dragconst Carbon.Events Carbon.Evt Carbon.File Carbon.Files Carbon.Fm "
        "Carbon.Folder Carbon.Folders Carbon.Fonts Carbon.Help Carbon.IBCarbon "
        "Carbon.IBCarbonRuntime Carbon.Icns Carbon.Icons Carbon.Launch Carbon.LaunchServices "
        "Carbon.List Carbon.Lists Carbon.MacHelp Carbon.MediaDescr Carbon.Menu Carbon.Menus "
        "Carbon.Mlte Carbon.OSA Carbon.OSAconst Carbon.QDOffscreen Carbon.Qd Carbon.Qdoffs "
        "Carbon.Qt Carbon.QuickDraw Carbon.QuickTime Carbon.Res Carbon.Resources Carbon.Scrap "
        "Carbon.Snd Carbon.Sound Carbon.TE Carbon.TextEdit Carbon.Win Carbon.Windows "
        "ColorPicker ConfigParser Cookie DEVICE Dialog DocXMLRPCServer EasyDialogs FL "
        "FileDialog FixTk FrameWork GL HTMLParser MacOS MimeWriter MiniAEFrame Nav "
        "PixMapWrapper Queue SUNAUDIODEV ScrolledText SimpleDialog SimpleHTTPServer "
        "SimpleXMLRPCServer SocketServer StringIO Tix Tkconstants Tkdnd Tkinter UserDict "
        "UserList UserString W _LWPCookieJar _MozillaCookieJar __builtin__ _abcoll _bsddb "
        "_hotshot _sha _winreg aepack aetools aetypes al anydbm applesingle audiodev autoGIL "
        "bsddb bsddb.db bsddb.dbobj bsddb.dbrecio bsddb.dbshelve bsddb.dbtables bsddb.dbutils "
        "bsddb.test buildtools cPickle cStringIO cd cfmfile commands compiler compiler.ast "
        "compiler.consts compiler.future compiler.misc compiler.pyassem compiler.pycodegen "
        "compiler.symbols compiler.syntax compiler.transformer compiler.visitor cookielib "
        "copy_reg curses.wrapper dbhash dircache dl dumbdbm dummy_thread email.Charset "
        "email.Encoders email.Errors email.Generator email.Header email.Iterators "
        "email.MIMEAudio email.MIMEBase email.MIMEImage email.MIMEMessage email.MIMEMultipart "
        "email.MIMENonMultipart email.MIMEText email.Message email.Parser email.Utils "
        "email.test encodings.__builtin__ encodings.codecs encodings.encodings "
        "encodings.string_escape exceptions findertools fl flp fm fpformat future_builtins "
        "gdbm gensuitemodule gl hotshot hotshot.log hotshot.stats hotshot.stones "
        "htmlentitydefs htmllib httplib ic icopen ihooks imageop imgfile imputil jpeg "
        "json._json json.json json.re json.struct json.sys json.tests linuxaudiodev macerrors "
        "macostools macresource markupbase md5 mhlib mimetools mimify multifile "
        "multiprocessing.forking mutex new os2emxpath popen2 posixfile repr rexec rfc822 "
        "robotparser sets sgmllib sha sre statvfs stringold strop sunaudio sunaudiodev "
        "test.test_support thread tkColorChooser tkCommonDialog tkFileDialog tkFont "
        "tkMessageBox tkSimpleDialog toaiff ttk urllib2 urlparse user videoreader whichdb "
        "xmllib xmlrpclib "
    ),
    "2.7 3.0-3.10": (
        "binhex sqlite3.test "
    ),
    "2.7 3.0-3.11": (
        "_sha256 _sha512 asynchat asyncore ctypes.test distutils distutils.archive_util "
        "distutils.bcppcompiler distutils.ccompiler distutils.cmd distutils.command "
        "distutils.command.bdist distutils.command.bdist_dumb distutils.command.bdist_rpm "
        "distutils.command.build distutils.command.build_clib distutils.command.build_ext "
        "distutils.command.build_py distutils.command.build_scripts distutils.command.check "
        "distutils.command.clean distutils.command.config distutils.command.install "
        "distutils.command.install_data distutils.command.install_egg_info "
        "distutils.command.install_headers distutils.command.install_lib "
        "distutils.command.install_scripts distutils.command.register distutils.command.sdist "
        "distutils.command.upload distutils.config distutils.core distutils.cygwinccompiler "
        "distutils.debug distutils.dep_util distutils.dir_util distutils.dist "
        "distutils.errors distutils.extension distutils.fancy_getopt distutils.file_util "
        "distutils.filelist distutils.log distutils.msvc9compiler distutils.msvccompiler "
        "distutils.spawn distutils.sysconfig distutils.text_file distutils.unixccompiler "
        "distutils.util distutils.version distutils.versionpredicate imp smtpd unittest.test "
        "xxsubtype "
    ),
    "2.7 3.0-3.12": (
        "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 lib2to3.__main__ "
        "lib2to3.btm_matcher lib2to3.btm_utils lib2to3.fixer_base lib2to3.fixer_util "
        "lib2to3.fixes lib2to3.fixes.fix_apply lib2to3.fixes.fix_asserts "
        "lib2to3.fixes.fix_basestring lib2to3.fixes.fix_buffer lib2to3.fixes.fix_dict "
        "lib2to3.fixes.fix_except lib2to3.fixes.fix_exec lib2to3.fixes.fix_execfile "
        "lib2to3.fixes.fix_exitfunc lib2to3.fixes.fix_filter lib2to3.fixes.fix_funcattrs "
        "lib2to3.fixes.fix_future lib2to3.fixes.fix_getcwdu lib2to3.fixes.fix_has_key "
        "lib2to3.fixes.fix_idioms lib2to3.fixes.fix_import lib2to3.fixes.fix_imports "
        "lib2to3.fixes.fix_imports2 lib2to3.fixes.fix_input lib2to3.fixes.fix_intern "
        "lib2to3.fixes.fix_isinstance lib2to3.fixes.fix_itertools "
        "lib2to3.fixes.fix_itertools_imports lib2to3.fixes.fix_long lib2to3.fixes.fix_map "
        "lib2to3.fixes.fix_metaclass lib2to3.fixes.fix_methodattrs lib2to3.fixes.fix_ne "
        "lib2to3.fixes.fix_next lib2to3.fixes.fix_nonzero lib2to3.fixes.fix_numliterals "
        "lib2to3.fixes.fix_operator lib2to3.fixes.fix_paren lib2to3.fixes.fix_print "
        "lib2to3.fixes.fix_raise lib2to3.fixes.fix_raw_input lib2to3.fixes.fix_reduce "
        "lib2to3.fixes.fix_renames lib2to3.fixes.fix_repr lib2to3.fixes.fix_set_literal "
        "lib2to3.fixes.fix_standarderror lib2to3.fixes.fix_sys_exc lib2to3.fixes.fix_throw "
        "lib2to3.fixes.fix_tuple_params lib2to3.fixes.fix_types lib2to3.fixes.fix_unicode "
        "lib2to3.fixes.fix_urllib lib2to3.fixes.fix_ws_comma lib2to3.fixes.fix_xrange "
        "lib2to3.fixes.fix_xreadlines lib2to3.fixes.fix_zip lib2to3.main lib2to3.patcomp "
        "lib2to3.pgen2 lib2to3.pgen2.conv lib2to3.pgen2.driver lib2to3.pgen2.grammar "
        "lib2to3.pgen2.literals lib2to3.pgen2.parse lib2to3.pgen2.pgen lib2to3.pgen2.token "
        "lib2to3.pgen2.tokenize lib2to3.pygram lib2to3.pytree lib2to3.refactor mailcap msilib "
        "nis nntplib ossaudiodev pipes sndhdr spwd sunau telnetlib uu xdrlib "
    ),
    "2.7 3.0-3.14": (
        "sre_compile sre_constants sre_parse "
    ),
    "2.7 3.0-3.15": (
        "__future__ __main__ _ast _bisect _codecs _codecs_cn _codecs_hk _codecs_iso2022 "
        "_codecs_jp _codecs_kr _codecs_tw _collections _csv _ctypes _curses _curses_panel "
        "_elementtree _functools _hashlib _heapq _io _json _locale _lsprof _md5 "
        "_multibytecodec _multiprocessing _osx_support _pyio _random _socket _sqlite3 _sre "
        "_ssl _strptime _struct _symtable _threading_local _tkinter _warnings _weakref "
        "_weakrefset abc antigravity argparse array ast atexit base64 bdb binascii bisect bz2 "
        "cProfile calendar cmath cmd code codecs codeop collections colorsys compileall "
        "contextlib copy csv ctypes ctypes._endian ctypes.macholib ctypes.macholib.dyld "
        "ctypes.macholib.dylib ctypes.macholib.framework ctypes.util ctypes.wintypes curses "
        "curses.ascii curses.has_key curses.panel curses.textpad datetime dbm decimal difflib "
        "dis doctest email email._parseaddr email.base64mime email.charset email.encoders "
        "email.errors email.feedparser email.generator email.header email.iterators "
        "email.message email.mime email.mime.application email.mime.audio email.mime.base "
        "email.mime.image email.mime.message email.mime.multipart email.mime.nonmultipart "
        "email.mime.text email.parser email.quoprimime email.utils encodings "
        "encodings.aliases encodings.ascii encodings.base64_codec encodings.big5 "
        "encodings.big5hkscs encodings.bz2_codec encodings.charmap encodings.cp037 "
        "encodings.cp1006 encodings.cp1026 encodings.cp1140 encodings.cp1250 encodings.cp1251 "
        "encodings.cp1252 encodings.cp1253 encodings.cp1254 encodings.cp1255 encodings.cp1256 "
        "encodings.cp1257 encodings.cp1258 encodings.cp424 encodings.cp437 encodings.cp500 "
        "encodings.cp720 encodings.cp737 encodings.cp775 encodings.cp850 encodings.cp852 "
        "encodings.cp855 encodings.cp856 encodings.cp857 encodings.cp858 encodings.cp860 "
        "encodings.cp861 encodings.cp862 encodings.cp863 encodings.cp864 encodings.cp865 "
        "encodings.cp866 encodings.cp869 encodings.cp874 encodings.cp875 encodings.cp932 "
        "encodings.cp949 encodings.cp950 encodings.euc_jis_2004 encodings.euc_jisx0213 "
        "encodings.euc_jp encodings.euc_kr encodings.gb18030 encodings.gb2312 encodings.gbk "
        "encodings.hex_codec encodings.hp_roman8 encodings.hz encodings.idna "
        "encodings.iso2022_jp encodings.iso2022_jp_1 encodings.iso2022_jp_2 "
        "encodings.iso2022_jp_2004 encodings.iso2022_jp_3 encodings.iso2022_jp_ext "
        "encodings.iso2022_kr encodings.iso8859_1 encodings.iso8859_10 encodings.iso8859_11 "
        "encodings.iso8859_13 encodings.iso8859_14 encodings.iso8859_15 encodings.iso8859_16 "
        "encodings.iso8859_2 encodings.iso8859_3 encodings.iso8859_4 encodings.iso8859_5 "
        "encodings.iso8859_6 encodings.iso8859_7 encodings.iso8859_8 encodings.iso8859_9 "
        "encodings.johab encodings.koi8_r encodings.koi8_u encodings.latin_1 "
        "encodings.mac_arabic encodings.mac_croatian encodings.mac_cyrillic "
        "encodings.mac_farsi encodings.mac_greek encodings.mac_iceland encodings.mac_latin2 "
        "encodings.mac_roman encodings.mac_romanian encodings.mac_turkish encodings.mbcs "
        "encodings.palmos encodings.ptcp154 encodings.punycode encodings.quopri_codec "
        "encodings.raw_unicode_escape encodings.rot_13 encodings.shift_jis "
        "encodings.shift_jis_2004 encodings.shift_jisx0213 encodings.tis_620 "
        "encodings.undefined encodings.unicode_escape encodings.utf_16 encodings.utf_16_be "
        "encodings.utf_16_le encodings.utf_32 encodings.utf_32_be encodings.utf_32_le "
        "encodings.utf_7 encodings.utf_8 encodings.utf_8_sig encodings.uu_codec "
        "encodings.zlib_codec ensurepip ensurepip.__main__ ensurepip._uninstall errno fcntl "
        "filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass "
        "gettext glob grp gzip hashlib heapq hmac idlelib idlelib.help idlelib.idle "
        "idlelib.rpc idlelib.run imaplib importlib inspect io itertools json json.decoder "
        "json.encoder json.scanner json.tool keyword linecache locale logging logging.config "
        "logging.handlers mailbox marshal math mimetypes mmap modulefinder msvcrt "
        "multiprocessing multiprocessing.connection multiprocessing.dummy "
        "multiprocessing.dummy.connection multiprocessing.heap multiprocessing.managers "
        "multiprocessing.pool multiprocessing.process multiprocessing.queues "
        "multiprocessing.reduction multiprocessing.sharedctypes multiprocessing.synchronize "
        "multiprocessing.util netrc ntpath nturl2path numbers opcode operator optparse os "
        "os.path pdb pickle pickletools pkgutil platform plistlib poplib posix posixpath "
        "pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pydoc_data.topics "
        "pyexpat quopri random re readline resource rlcompleter runpy sched select shelve "
        "shlex shutil signal site smtplib socket sqlite3 sqlite3.dbapi2 sqlite3.dump ssl stat "
        "string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile "
        "tempfile termios test test.support textwrap this threading time timeit token "
        "tokenize trace traceback tty turtle types unicodedata unittest unittest.__main__ "
        "unittest.case unittest.loader unittest.main unittest.result unittest.runner "
        "unittest.signals unittest.suite unittest.util urllib uuid warnings wave weakref "
        "webbrowser winsound wsgiref wsgiref.handlers wsgiref.headers wsgiref.simple_server "
        "wsgiref.util wsgiref.validate xml xml.dom xml.dom.NodeFilter xml.dom.domreg "
        "xml.dom.expatbuilder xml.dom.minicompat xml.dom.minidom xml.dom.pulldom "
        "xml.dom.xmlbuilder xml.etree xml.etree.ElementInclude xml.etree.ElementPath "
        "xml.etree.ElementTree xml.etree.cElementTree xml.parsers xml.parsers.expat xml.sax "
        "xml.sax._exceptions xml.sax.expatreader xml.sax.handler xml.sax.saxutils "
        "xml.sax.xmlreader zipfile zipimport zlib "
    ),
    "2.7 3.0-3.3": (
        "distutils.emxccompiler "
    ),
    "2.7 3.0-3.5": (
        "_sysconfigdata idlelib.AutoComplete idlelib.AutoCompleteWindow idlelib.AutoExpand "
        "idlelib.Bindings idlelib.CallTipWindow idlelib.CallTips idlelib.ClassBrowser "
        "idlelib.CodeContext idlelib.ColorDelegator idlelib.Debugger idlelib.Delegator "
        "idlelib.EditorWindow idlelib.FileList idlelib.FormatParagraph idlelib.GrepDialog "
        "idlelib.HyperParser idlelib.IOBinding idlelib.IdleHistory idlelib.MultiCall "
        "idlelib.MultiStatusBar idlelib.ObjectBrowser idlelib.OutputWindow idlelib.ParenMatch "
        "idlelib.PathBrowser idlelib.Percolator idlelib.PyParse idlelib.PyShell "
        "idlelib.RemoteDebugger idlelib.RemoteObjectBrowser idlelib.ReplaceDialog "
        "idlelib.RstripExtension idlelib.ScriptBinding idlelib.ScrolledList "
        "idlelib.SearchDialog idlelib.SearchDialogBase idlelib.SearchEngine "
        "idlelib.StackViewer idlelib.ToolTip idlelib.TreeWidget idlelib.UndoDelegator "
        "idlelib.WidgetRedirector idlelib.WindowList idlelib.ZoomHeight idlelib.aboutDialog "
        "idlelib.configDialog idlelib.configHandler idlelib.configHelpSourceEdit "
        "idlelib.configSectionNameDialog idlelib.dynOptionMenuWidget idlelib.idlever "
        "idlelib.keybindingDialog idlelib.macosxSupport idlelib.tabbedpages idlelib.textView "
    ),
    "2.7 3.0-3.6": (
        "fpectl macurl2path "
    ),
    "2.7 3.0-3.7": (
        "encodings.unicode_internal macpath "
    ),
    "2.7 3.0-3.8": (
        "_ctypes_test _testcapi dummy_threading encodings.mac_centeuro "
    ),
    "2.7 3.0-3.9": (
        "distutils.command.bdist_msi distutils.command.bdist_packager "
        "distutils.command.bdist_wininst distutils.tests formatter parser symbol "
    ),
    "3.0-3.12": (
        "_msi tkinter.tix "
    ),
    "3.0-3.15": (
        "_asyncio _dbm _frozen_importlib _gdbm _imp _markupbase _pickle _thread builtins "
        "configparser copyreg dbm.dumb dbm.gnu dbm.ndbm html html.entities html.parser http "
        "http.client http.cookiejar http.cookies http.server importlib._bootstrap "
        "importlib.abc importlib.machinery importlib.util nt queue reprlib socketserver "
        "tkinter tkinter.scrolledtext tkinter.ttk urllib.error urllib.parse urllib.request "
        "urllib.response urllib.robotparser winreg xmlrpc xmlrpc.client xmlrpc.server "
    ),
    "3.0-3.8": (
        "_dummy_thread "
    ),
    "3.1-3.15": (
        "_compat_pickle "
    ),
    "3.10-3.10": (
        "importlib._adapters "
    ),
    "3.10-3.11": (
        "distutils._collections distutils._functools distutils._macos_compat "
        "distutils.command._framework_compat distutils.command.py37compat "
        "distutils.py38compat distutils.py39compat "
    ),
    "3.10-3.15": (
        "_overlapped _scproxy _zoneinfo asyncio.mixins idlelib.util importlib._abc "
        "importlib.metadata._adapters importlib.metadata._collections "
        "importlib.metadata._functools importlib.metadata._itertools importlib.metadata._meta "
        "importlib.metadata._text importlib.readers pyexpat.errors pyexpat.model "
    ),
    "3.11-3.12": (
        "importlib.resources._legacy "
    ),
    "3.11-3.15": (
        "_tokenize _typing asyncio.taskgroups asyncio.timeouts importlib.resources._adapters "
        "importlib.resources._common importlib.resources._itertools importlib.resources.abc "
        "importlib.resources.readers importlib.resources.simple importlib.simple re._casefix "
        "re._compiler re._constants re._parser tomllib tomllib._parser tomllib._re "
        "tomllib._types wsgiref.types "
    ),
    "3.12-3.15": (
        "_pydatetime _pylong _sha2 _wmi sqlite3.__main__ sys._monitoring zipfile.__main__ "
        "zipfile._path zipfile._path.glob "
    ),
    "3.13-3.13": (
        "_pyrepl._minimal_curses _pyrepl.curses pathlib._abc pathlib._local "
    ),
    "3.13-3.15": (
        "_android_support _apple_support _colorize _interpchannels _interpqueues "
        "_interpreters _ios_support _opcode_metadata _pyrepl _pyrepl.__main__ "
        "_pyrepl._threading_handler _pyrepl.base_eventqueue _pyrepl.commands "
        "_pyrepl.completing_reader _pyrepl.console _pyrepl.fancy_termios "
        "_pyrepl.historical_reader _pyrepl.input _pyrepl.keymap _pyrepl.main _pyrepl.pager "
        "_pyrepl.reader _pyrepl.readline _pyrepl.simple_interact _pyrepl.trace _pyrepl.types "
        "_pyrepl.unix_console _pyrepl.unix_eventqueue _pyrepl.utils _pyrepl.windows_console "
        "_pyrepl.windows_eventqueue _suggestions _sysconfig dbm.sqlite3 "
        "importlib.metadata.diagnose importlib.resources._functional pydoc_data.module_docs "
        "sysconfig.__main__ "
    ),
    "3.14-3.15": (
        "_ast_unparse _hmac _py_warnings _pyrepl._module_completer _pyrepl.terminfo _types "
        "_zstd annotationlib asyncio.graph asyncio.tools compression compression._common "
        "compression._common._streams compression.bz2 compression.gzip compression.lzma "
        "compression.zlib compression.zstd compression.zstd._zstdfile "
        "concurrent.futures.interpreter concurrent.interpreters "
        "concurrent.interpreters._crossinterp concurrent.interpreters._queues ctypes._layout "
        "encodings._win_cp_codecs json.__main__ pathlib._os pathlib.types string.templatelib "
        "sys.__jit "
    ),
    "3.15-3.15": (
        "_remote_debugging math.integer profiling xml.utils "
    ),
    "3.2-3.15": (
        "_posixsubprocess concurrent concurrent.futures xxlimited "
    ),
    "3.3-3.15": (
        "_bz2 _collections_abc _decimal _lzma _winapi collections.abc email.headerregistry "
        "email.policy faulthandler ipaddress lzma unittest.mock venv "
    ),
    "3.4-3.11": (
        "tkinter.test "
    ),
    "3.4-3.12": (
        "_crypt lib2to3.fixes.fix_reload "
    ),
    "3.4-3.15": (
        "_datetime _opcode _operator _sha1 _sitebuiltins _stat _string _tracemalloc asyncio "
        "asyncio.base_events asyncio.base_subprocess asyncio.constants asyncio.coroutines "
        "asyncio.events asyncio.futures asyncio.locks asyncio.log asyncio.proactor_events "
        "asyncio.protocols asyncio.queues asyncio.selector_events asyncio.sslproto "
        "asyncio.streams asyncio.subprocess asyncio.tasks asyncio.transports "
        "asyncio.unix_events asyncio.windows_events asyncio.windows_utils "
        "concurrent.futures._base concurrent.futures.process concurrent.futures.thread "
        "email._encoded_words email._header_value_parser email._policybase "
        "email.contentmanager encodings.cp1125 encodings.cp273 enum idlelib.__main__ "
        "multiprocessing.context multiprocessing.forkserver multiprocessing.popen_fork "
        "multiprocessing.popen_forkserver multiprocessing.popen_spawn_posix "
        "multiprocessing.popen_spawn_win32 multiprocessing.resource_sharer "
        "multiprocessing.spawn pathlib selectors statistics tkinter.__main__ "
        "tkinter.colorchooser tkinter.commondialog tkinter.constants tkinter.dialog "
        "tkinter.dnd tkinter.filedialog tkinter.font tkinter.messagebox tkinter.simpledialog "
        "tracemalloc turtledemo turtledemo.__main__ turtledemo.bytedesign turtledemo.chaos "
        "turtledemo.clock turtledemo.colormixer turtledemo.forest turtledemo.fractalcurves "
        "turtledemo.lindenmayer turtledemo.minimal_hanoi turtledemo.nim turtledemo.paint "
        "turtledemo.peace turtledemo.penrose turtledemo.planet_and_moon "
        "turtledemo.round_dance turtledemo.tree turtledemo.two_canvases turtledemo.yinyang "
        "venv.__main__ "
    ),
    "3.4-3.4": (
        "lib2to3.fixes.fix_callable tkinter._fix "
    ),
    "3.4-3.5": (
        "collections.__main__ turtledemo.wikipedia "
    ),
    "3.4-3.6": (
        "asyncio.compat asyncio.test_utils "
    ),
    "3.4-3.7": (
        "encodings.cp65001 multiprocessing.semaphore_tracker "
    ),
    "3.4-3.8": (
        "_testbuffer _testimportmultiple "
    ),
    "3.4-3.9": (
        "_bootlocale "
    ),
    "3.5-3.11": (
        "distutils._msvccompiler "
    ),
    "3.5-3.12": (
        "typing.io typing.re "
    ),
    "3.5-3.13": (
        "_compression "
    ),
    "3.5-3.15": (
        "_frozen_importlib_external _pydecimal _signal encodings.koi8_t encodings.kz1048 "
        "importlib._bootstrap_external turtledemo.sorting_animate typing zipapp "
    ),
    "3.5-3.8": (
        "_testmultiphase "
    ),
    "3.6-3.15": (
        "_blake2 _sha3 asyncio.base_futures asyncio.base_tasks encodings.oem "
        "idlelib.autocomplete idlelib.autocomplete_w idlelib.autoexpand idlelib.browser "
        "idlelib.calltip idlelib.calltip_w idlelib.codecontext idlelib.colorizer "
        "idlelib.config idlelib.config_key idlelib.configdialog idlelib.debugger "
        "idlelib.debugger_r idlelib.debugobj idlelib.debugobj_r idlelib.delegator "
        "idlelib.dynoption idlelib.editor idlelib.filelist idlelib.grep idlelib.help_about "
        "idlelib.history idlelib.hyperparser idlelib.iomenu idlelib.macosx idlelib.mainmenu "
        "idlelib.multicall idlelib.outwin idlelib.parenmatch idlelib.pathbrowser "
        "idlelib.percolator idlelib.pyparse idlelib.pyshell idlelib.query idlelib.redirector "
        "idlelib.replace idlelib.runscript idlelib.scrolledlist idlelib.search "
        "idlelib.searchbase idlelib.searchengine idlelib.squeezer idlelib.stackviewer "
        "idlelib.statusbar idlelib.textview idlelib.tooltip idlelib.tree idlelib.undo "
        "idlelib.window idlelib.zoomheight idlelib.zzdummy secrets turtledemo.rosette "
    ),
    "3.6-3.6": (
        "idlelib._pyclbr "
    ),
    "3.6-3.7": (
        "idlelib.paragraph idlelib.rstrip "
    ),
    "3.7-3.15": (
        "_abc _contextvars _py_abc _queue _uuid asyncio.format_helpers asyncio.runners "
        "contextvars ctypes._aix dataclasses importlib.resources "
    ),
    "3.7-3.8": (
        "_xxtestfuzz "
    ),
    "3.8-3.15": (
        "_posixshmem _statistics asyncio.__main__ asyncio.exceptions asyncio.staggered "
        "asyncio.trsock idlelib.format idlelib.sidebar importlib.metadata "
        "multiprocessing.resource_tracker multiprocessing.shared_memory unittest.async_case "
    ),
    "3.8-3.8": (
        "_testinternalcapi _xxsubinterpreters "
    ),
    "3.9-3.10": (
        "ensurepip._bundled importlib._common "
    ),
    "3.9-3.11": (
        "_bootsubprocess "
    ),
    "3.9-3.15": (
        "_aix_support asyncio.threads graphlib unittest._log zoneinfo zoneinfo._common "
        "zoneinfo._tzpath zoneinfo._zoneinfo "
    ),
    "3.9-3.9": (
        "__phello__.foo _peg_parser "
    ),
}

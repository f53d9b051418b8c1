// Loads every behaviour. Each is bound by data- attributes, and finds what htmx swaps in by itself.
import "./theme.js";
import "./menu.js";
import "./dialog.js";
import "./times.js";
import "./toast.js";
import "./reveal.js";
import "./print.js";
import "./keep.js";
import "./once.js";
import "./composer.js";
import "./dropzone.js";
import "./requests.js";
import "./keys.js";
import "./live.js";

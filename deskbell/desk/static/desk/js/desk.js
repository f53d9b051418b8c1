// The desk's own behaviours, on top of those of every page (kit/js/app.js).
import "./list.js";
import "./ticket.js";
import "./draft.js";
import "./filters.js";

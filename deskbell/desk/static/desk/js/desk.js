// The desk's own behaviours, on top of those of every page (kit/js/app.js).
import "./list.js";
import "./ticket.js";
import "./draft.js";
import "./outside.js";
import "./quote.js";
import "./filters.js";
import "./bulk.js";
import "./replies.js";
import "./title.js";
import "./sound.js";
import "./home.js";
import "./found.js";
import "./window.js";
import "./present.js";

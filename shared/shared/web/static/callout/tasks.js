// What the pages of tasks and clients do by themselves. Each of them works without it.

import { startActs } from "./acts.js";
import { startDialog } from "./dialog.js";
import { startDrafts } from "./draft_forms.js";
import { startDragging } from "./drag.js";
import { startMenus } from "./menus.js";

startActs();
startMenus();
startDialog();
startDragging();
startDrafts();

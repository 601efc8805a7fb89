// What each kind of notification sounds like. Notes are MIDI numbers (60 is middle C), times are milliseconds.
//
// Families share a voice: tasks are a marimba, technicians a bell, invoices glass, the bot a kalimba, and trouble a
// reed. Good news rises, bad news falls, what is neutral stays where it is. All notes come from C major and its
// relatives, so that two motifs that meet don't clash.

/**
 * A voice is a sum of partials: [multiple of the note's frequency, loudness, milliseconds until it has died away].
 * attack: milliseconds; wave: of each partial.
 */
export const VOICES = {
  marimba: { wave: "sine", attack: 3, partials: [[1, 1, 420], [3.93, 0.22, 120], [9.2, 0.06, 50]] },
  bell: { wave: "sine", attack: 2, partials: [[1, 0.8, 560], [2, 0.36, 420], [2.76, 0.22, 300], [5.4, 0.1, 160]] },
  glass: { wave: "sine", attack: 2, partials: [[1, 0.75, 360], [2.32, 0.26, 220], [4.25, 0.16, 130], [6.63, 0.06, 80]] },
  kalimba: { wave: "triangle", attack: 4, partials: [[1, 0.8, 380], [2.02, 0.16, 180], [5.1, 0.08, 70]] },
  reed: { wave: "triangle", attack: 12, partials: [[1, 0.75, 300], [2, 0.3, 240], [3, 0.2, 190], [1.006, 0.4, 300]] },
};

/** rank: which one sounds when several come at once. notes: [note, begins at, loudness from 0 to 1]. */
export const MOTIFS = {
  task_created: { voice: "marimba", rank: 2, notes: [[72, 0, 0.8], [79, 110, 0.9]] },
  task_sent: { voice: "marimba", rank: 1, notes: [[79, 0, 0.6], [81, 60, 0.7], [84, 120, 0.8]] },
  task_accepted: { voice: "marimba", rank: 5, notes: [[72, 0, 0.8], [76, 90, 0.85], [79, 180, 1]] },
  task_rejected: { voice: "marimba", rank: 8, notes: [[76, 0, 1], [72, 100, 1], [69, 200, 1], [76, 340, 0.8], [69, 440, 0.9]] },
  task_rejection_explained: { voice: "marimba", rank: 3, notes: [[69, 0, 0.7], [71, 130, 0.6]] },
  task_rejection_taken_back: { voice: "marimba", rank: 5, notes: [[69, 0, 0.8], [76, 110, 0.8], [72, 220, 0.8]] },
  task_completed: { voice: "marimba", rank: 6, notes: [[72, 0, 0.8], [76, 80, 0.85], [79, 160, 0.9], [84, 260, 1], [91, 260, 0.3]] },
  task_status_changed: { voice: "marimba", rank: 2, notes: [[76, 0, 0.7], [76, 130, 0.7]] },
  task_unassigned: { voice: "marimba", rank: 5, notes: [[71, 0, 0.8], [67, 130, 0.8]] },
  task_deleted: { voice: "marimba", rank: 2, notes: [[72, 0, 0.8], [60, 120, 0.9]] },
  client_info_sent: { voice: "marimba", rank: 2, notes: [[76, 0, 0.7], [83, 90, 0.8], [81, 180, 0.7]] },

  technician_added: { voice: "bell", rank: 5, notes: [[72, 0, 0.7], [79, 150, 0.8]] },
  technician_blocked_bot: { voice: "bell", rank: 6, notes: [[76, 0, 0.8], [71, 140, 0.8]] },
  technician_account_gone: { voice: "bell", rank: 6, notes: [[76, 0, 0.8], [71, 130, 0.8], [64, 270, 0.8]] },
  technician_deactivated: { voice: "bell", rank: 4, notes: [[74, 0, 0.7], [67, 140, 0.7]] },
  technician_deleted: { voice: "bell", rank: 2, notes: [[72, 0, 0.6], [60, 130, 0.7]] },

  invoice_created: { voice: "glass", rank: 3, notes: [[84, 0, 0.6], [88, 90, 0.7]] },
  invoice_sent: { voice: "glass", rank: 2, notes: [[88, 0, 0.5], [91, 70, 0.6], [96, 140, 0.6]] },
  invoice_status_changed: { voice: "glass", rank: 4, notes: [[84, 0, 0.6], [91, 80, 0.6], [91, 200, 0.5]] },
  invoice_deleted: { voice: "glass", rank: 2, notes: [[88, 0, 0.6], [76, 120, 0.7]] },
  report_deleted: { voice: "glass", rank: 2, notes: [[86, 0, 0.6], [74, 120, 0.6]] },

  bot_connected: { voice: "kalimba", rank: 3, notes: [[67, 0, 0.7], [72, 100, 0.8], [76, 200, 0.8]] },
  bot_disconnected: { voice: "kalimba", rank: 4, notes: [[76, 0, 0.8], [72, 100, 0.8], [67, 200, 0.8]] },
  bot_refused: { voice: "reed", rank: 9, notes: [[69, 0, 0.8], [65, 170, 0.9], [62, 340, 1]] },

  delivery_failed: { voice: "reed", rank: 8, notes: [[74, 0, 0.9], [70, 150, 0.9], [74, 300, 0.6], [65, 400, 0.9]] },
  delivery_unknown: { voice: "reed", rank: 6, notes: [[72, 0, 0.7], [71, 160, 0.7]] },
  event_not_applied: { voice: "reed", rank: 9, notes: [[62, 0, 1], [62, 140, 1], [68, 280, 0.8], [62, 400, 1]] },
  problem: { voice: "reed", rank: 7, notes: [[64, 0, 0.7], [60, 130, 0.7]] },

  /* Not of a notification: many were missed; sound has been enabled. */
  missed: { voice: "bell", rank: 5, notes: [[79, 0, 0.6], [76, 110, 0.6], [79, 220, 0.7]] },
  greeting: { voice: "marimba", rank: 9, notes: [[67, 0, 0.6], [72, 90, 0.7], [76, 180, 0.8], [79, 270, 0.9]] },
};

export const LONGEST = 700; // milliseconds that any motif may take, its fading included

/** When a partial that begins at `begin` has died away; the last notes of long motifs are damped. */
export function fades(begin, decay) {
  return Math.min(begin + decay, LONGEST);
}

// Plays motifs: one at a time, in one tab, at the volume that this device was given.

import { Leader } from "./leader.js";
import { fades, MOTIFS, VOICES } from "./motifs.js";
import { read, watch, write } from "./store.js";

const KEY = "sound";
const TOGETHER = 60; // milliseconds in which several notifications are one sound: the most urgent one's
const PAUSE = 750; // milliseconds from the beginning of one sound to that of the next
const STARTING = 500; // milliseconds
const LOUD = 0.5; // of what the device can do, at full volume: motifs sound beside people who talk

const leader = new Leader("sound");
const told = new Set();
let context = null;
let output = null;
let next = null; // the kind that sounds at the end of the pause
let timer = null;
let began = 0;
let starting = true; // a context that the browser allows runs a moment after it was made

/** {muted, volume from 0 to 1, kinds: {kind: {muted, volume}}} */
export function settings() {
  return { muted: false, volume: 0.7, kinds: {}, ...read(KEY, {}) };
}

export function change(changes) {
  write(KEY, { ...settings(), ...changes });
  tell();
}

export function changeKind(kind, changes) {
  const { kinds } = settings();
  change({ kinds: { ...kinds, [kind]: { ...ofKind(kind), ...changes } } });
}

export function ofKind(kind) {
  return { muted: false, volume: 1, ...settings().kinds[kind] };
}

/** Calls back when the settings, or what the browser allows, have changed. */
export function whenChanged(callback) {
  told.add(callback);
}

function tell() {
  for (const callback of told) callback();
}

/** "off" muted, "starting", "blocked" by the browser until a click, "on". */
export function state() {
  if (settings().muted) return "off";
  if (context?.state === "running") return "on";
  return starting ? "starting" : "blocked";
}

/** Makes ready; the browser may hold the sound back until a click or a key. */
export function prepare() {
  if (context || !window.AudioContext) return;
  context = new AudioContext({ latencyHint: "interactive" });
  output = context.createGain();
  const limiter = context.createDynamicsCompressor();
  output.connect(limiter);
  limiter.connect(context.destination);
  context.addEventListener("statechange", settled);
  for (const sign of ["pointerup", "keydown"]) document.addEventListener(sign, resume, { capture: true, passive: true });
  setTimeout(() => { starting = false; tell(); }, STARTING);
  settled();
}

async function resume() {
  if (context.state === "suspended") await context.resume();
}

function settled() {
  if (context.state === "running") leader.stand();
  else leader.resign();
  tell();
}

/** By the person's click: sound is on from now on, and says so. */
export async function enable() {
  prepare();
  if (settings().muted) change({ muted: false });
  await context?.resume();
  sound("greeting", 1);
}

/** A notification of this kind has come: in one of all tabs it sounds. */
export async function play(kind, id) {
  const own = ofKind(kind);
  if (state() !== "on" || own.muted || !(await leader.may(id))) return;
  if (!next || (MOTIFS[kind]?.rank ?? 0) > (MOTIFS[next]?.rank ?? 0)) next = kind;
  timer ??= setTimeout(() => {
    const now = next;
    timer = next = null;
    began = Date.now();
    sound(now, ofKind(now).volume);
  }, Math.max(TOGETHER, began + PAUSE - Date.now()));
}

/** To hear what it is like, whatever is muted. */
export async function sample(kind) {
  prepare();
  await context?.resume();
  sound(kind, ofKind(kind).volume);
}

function sound(kind, volume) {
  if (!context) return;
  const motif = MOTIFS[kind] ?? MOTIFS.task_status_changed;
  const voice = VOICES[motif.voice];
  output.gain.value = settings().volume ** 2 * LOUD; // the square is what an ear calls half
  const start = context.currentTime + 0.02;
  for (const [note, begin, loudness] of motif.notes) {
    const frequency = 440 * 2 ** ((note - 69) / 12);
    for (const partial of voice.partials) strike(voice, partial, frequency, start, begin, loudness * volume);
  }
}

function strike({ wave, attack }, [multiple, share, decay], frequency, start, begin, loudness) {
  const end = start + fades(begin, decay) / 1000;
  const at = start + begin / 1000;
  const peak = at + attack / 1000;
  const oscillator = new OscillatorNode(context, { type: wave, frequency: frequency * multiple });
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(Math.max(share * loudness * 0.4, 0.0002), peak);
  gain.gain.exponentialRampToValueAtTime(0.0001, end);
  oscillator.connect(gain).connect(output);
  oscillator.start(at);
  oscillator.stop(end);
}

watch(KEY, tell);

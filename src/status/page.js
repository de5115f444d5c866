// Keeps the status page alive. What is told in words is written by flvd alone:
// the page is fetched again, and what changed in it is exchanged. The charts
// are drawn from the samples in status.json.
"use strict";

const EVERY_MS = 2000;
const WINDOW_S = 300;
const WIDTH = 300; // of a chart, in the units of its viewBox: a second each
const HEIGHT = 100;
const SVG = "http://www.w3.org/2000/svg";

// --- what people read -------------------------------------------------------

function withUnit(value, units, step) {
    let unit = 0;
    while (value >= step && unit < units.length - 1) {
        value /= step;
        unit++;
    }
    const digits = value >= 100 || Number.isInteger(value) ? 0 : 1;
    return value.toFixed(digits) + " " + units[unit];
}

const showRate = (value) => withUnit(value, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s"], 1000);
const showCount = (value) => String(value);
const showTime = (value) => withUnit(value * 1000, ["ms", "s"], 1000);

const charts = [
    { id: "throughput", of: (sample) => sample.bits_per_s, show: showRate, least: 1e5 },
    { id: "viewers", of: (sample) => sample.viewers, show: showCount, least: 4 },
    { id: "lateness", of: (sample) => sample.lateness_p99_s, show: showTime, least: 0.01 },
];

// --- charts -----------------------------------------------------------------

// The top of a scale: 1, 2 or 5 times a power of ten.
function niceTop(value) {
    const power = 10 ** Math.floor(Math.log10(value));
    for (const factor of [1, 2, 5]) {
        if (value <= factor * power * 1.0001) {
            return factor * power;
        }
    }
    return 10 * power;
}

// Runs of samples that follow each other: where nothing was measured, nothing
// is drawn.
function runsOf(points) {
    const runs = [[]];
    for (const point of points) {
        if (point.y !== null) {
            runs[runs.length - 1].push(point);
        } else if (runs[runs.length - 1].length > 0) {
            runs.push([]);
        }
    }
    return runs.filter((run) => run.length > 0);
}

const place = (point) => point.x.toFixed(2) + "," + point.y.toFixed(2);

// A sample that stands alone is a dash, or it could not be seen.
function curveOf(run) {
    return "M" + run.map(place).join("L") + (run.length === 1 ? "h1" : "");
}

function areaOf(run) {
    const first = run[0].x.toFixed(2);
    const last = run[run.length - 1].x.toFixed(2);
    return "M" + first + "," + HEIGHT + "L" + run.map(place).join("L") + "L" + last + "," + HEIGHT + "Z";
}

function drawPath(svg, name, d) {
    let path = svg.querySelector("." + name);
    if (path === null) {
        path = document.createElementNS(SVG, "path");
        path.setAttribute("class", name);
        svg.append(path);
    }
    path.setAttribute("d", d);
}

function drawChart(chart, samples, now) {
    const svg = document.getElementById("chart-" + chart.id);
    const values = samples.map(chart.of).filter((value) => value !== null);
    const most = Math.max(chart.least, ...values);
    const top = niceTop(most);
    const points = samples.map((sample) => {
        const value = chart.of(sample);
        return {
            x: WIDTH - (now - sample.time) * (WIDTH / WINDOW_S),
            y: value === null ? null : HEIGHT - (value / top) * HEIGHT,
        };
    }).filter((point) => point.x >= 0);
    const runs = runsOf(points);
    const latest = values.length > 0 ? chart.show(values[values.length - 1]) : "nothing due yet";

    drawPath(svg, "grid", "M0,0H" + WIDTH + "M0," + HEIGHT / 2 + "H" + WIDTH);
    drawPath(svg, "area", runs.map(areaOf).join(""));
    drawPath(svg, "curve", runs.map(curveOf).join(""));
    svg.setAttribute("aria-label", svg.dataset.what + " over the last five minutes: now " + latest +
        ", at most " + (values.length > 0 ? chart.show(Math.max(...values)) : "nothing"));
    document.getElementById("now-" + chart.id).textContent = latest;
    document.getElementById("top-" + chart.id).textContent = chart.show(top);
}

// --- keeping up -------------------------------------------------------------

async function fetchAs(kind, url) {
    const response = await fetch(url, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!response.ok) {
        throw new Error(url + ": " + response.status);
    }
    return response[kind]();
}

function exchange(page) {
    for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (fresh !== null && fresh.outerHTML !== old.outerHTML) {
            old.replaceWith(document.adoptNode(fresh));
        }
    }
    document.title = page.title;
}

async function update() {
    const status = await fetchAs("json", "status.json");
    const page = await fetchAs("text", "./");
    exchange(new DOMParser().parseFromString(page, "text/html"));
    for (const chart of charts) {
        drawChart(chart, status.history.samples, status.time);
    }
}

async function keepUp() {
    const lost = document.getElementById("lost");
    try {
        if (!document.hidden) {
            await update();
            lost.hidden = true;
        }
    } catch (error) {
        if (lost.hidden) {
            lost.textContent = "flvd does not answer since " + new Date().toLocaleTimeString() +
                ". What is shown is what it said before.";
            lost.hidden = false;
        }
    }
    setTimeout(keepUp, EVERY_MS);
}

// --- copying ----------------------------------------------------------------

function addCopyButtons() {
    if (navigator.clipboard === undefined) {
        return; // not over plain HTTP but from this machine
    }
    for (const code of document.querySelectorAll("#urls code")) {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = "Copy";
        button.setAttribute("aria-label", "Copy " + code.textContent);
        button.addEventListener("click", async () => {
            await navigator.clipboard.writeText(code.textContent);
            button.textContent = "Copied";
            setTimeout(() => { button.textContent = "Copy"; }, 2000);
        });
        code.after(button);
    }
}

addCopyButtons();
keepUp();

// Fixes that Streamlit has no option for. Each does nothing where it does not find what it is for.

// One click, one entry in the browser's history. Streamlit makes one for the page, one for each change of the
// parameters, and one more where a script runs by itself; Back would then lead nowhere.
function oneEntryPerClick() {
  let acted = false
  const act = () => (acted = true)
  for (const event of ["pointerdown", "keydown"]) window.addEventListener(event, act, true)
  window.addEventListener("popstate", () => (acted = false), true)
  const push = window.history.pushState.bind(window.history)
  window.history.pushState = (state, unused, address) => {
    if (acted) push(state, unused, address)
    else window.history.replaceState(state, unused, address)
    acted = false
  }
}

// On a phone the sidebar covers the page: it closes when a page was chosen in it, and with a tap beside it.
const PHONE = 768
function closeSidebarOnPhones() {
  const close = (event) => {
    if (window.innerWidth >= PHONE) return
    const sidebar = document.querySelector('[data-testid="stSidebar"]')
    const button = sidebar?.querySelector('[data-testid="stSidebarCollapseButton"] button')
    if (!button || sidebar.getBoundingClientRect().right <= 0) return
    if (event.target.closest('[data-testid="stSidebarNavLink"]')) setTimeout(() => button.click())
    else if (event.target.closest('[data-testid="stMain"]')) {
      event.preventDefault()
      event.stopPropagation()
      button.click()
    }
  }
  document.addEventListener("click", close, true)
}

// A popover is drawn at the end of the document, where Tab would come to it last. One that was opened by keyboard gets the
// focus; Tab behind its last control, or Shift+Tab before its first, closes it and goes back to its button.
const OPENER = '[data-testid="stPopoverButton"]'
const POPOVER = '[data-testid="stPopoverBody"]'
const TABBABLE = "a[href], button, input, select, textarea, [tabindex]"
// of drawing, until it is there
const MOST_FRAMES = 60
function enterPopoversByKeyboard() {
  let opener = null
  const enter = (frames) => {
    const popover = document.querySelector(POPOVER)
    if (popover) {
      popover.tabIndex = -1
      popover.focus({ preventScroll: true })
    } else if (frames) requestAnimationFrame(() => enter(frames - 1))
  }
  const leave = () => {
    opener.focus()
    if (opener.ariaExpanded === "true") opener.click()
  }
  const open = (event) => {
    const button = event.target.closest?.(OPENER)
    if (!button || !["Enter", " "].includes(event.key) || button.ariaExpanded === "true") return
    opener = button
    enter(MOST_FRAMES)
  }
  const tab = (event) => {
    const popover = event.key === "Tab" && event.target.closest?.(POPOVER)
    if (!popover || !opener?.isConnected) return
    const places = [...popover.querySelectorAll(TABBABLE)].filter(
      (e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true })
    )
    const end = event.shiftKey ? places[0] : places.at(-1)
    const choices = end?.closest('[role="radiogroup"]')  // Tab goes past them as one
    const isEnd = !end || event.target === end || choices?.contains(event.target)
    if (!isEnd && !(event.shiftKey && event.target === popover)) return
    event.preventDefault()
    event.stopPropagation()
    leave()
  }
  document.addEventListener("keydown", open, true)
  document.addEventListener("keydown", tab, true)
}

// Charts are drawn in the colours of the theme at the time of a run. When the system, or the visitor in the menu, changes to dark or
// light, Streamlit does not run the script again: the charts' words would be dark on dark.
function runAgainInOtherColours(drawnIn, setTriggerValue) {
  const app = document.querySelector('[data-testid="stApp"]')
  const look = () => {
    const scheme = getComputedStyle(app).colorScheme
    if (["dark", "light"].includes(scheme) && scheme !== drawnIn) setTriggerValue("colours", scheme)
  }
  window.pageFrameColours?.disconnect()
  window.pageFrameColours = new MutationObserver(look)
  window.pageFrameColours.observe(app, { attributeFilter: ["class"] })
}

// in seconds
const YEAR = 365 * 24 * 3600

export default function ({ data, setTriggerValue }) {
  // the background colour: Streamlit gives its colours only to components
  document.documentElement.style.setProperty("--background", data.background)
  // who started a training is known again after a reload; nobody else gets a cookie
  if (data.cookie) {
    const secure = location.protocol === "https:" ? "; Secure" : ""
    document.cookie = `${data.cookie}; Path=/; Max-Age=${YEAR}; SameSite=Strict${secure}`
  }
  runAgainInOtherColours(data.theme, setTriggerValue)
  if (window.pageFrame) return
  window.pageFrame = true
  oneEntryPerClick()
  closeSidebarOnPhones()
  enterPopoversByKeyboard()
}

using System.Text.Json;
using Caur.Tests.Logs;
using Caur.Tests.Support;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;

namespace Caur.Tests.Web;

/// <summary>A real browser without a window: Debian's chromium, or Chrome where that is installed. Nothing is ever downloaded: both paths are
/// given.</summary>
internal sealed class Browser : IDisposable
{
    private static readonly string[] BrowserNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly ChromeDriverService _service;
    private readonly ChromeDriver _driver;

    private Browser(string browser, string driver)
    {
        _service = ChromeDriverService.CreateDefaultService(Path.GetDirectoryName(driver)!, Path.GetFileName(driver));
        _service.SuppressInitialDiagnosticInformation = true;
        var options = new ChromeOptions { BinaryLocation = browser };
        options.AddArguments(
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,800", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions", "--lang=en");
        _driver = new ChromeDriver(_service, options, TimeSpan.FromMinutes(2));
        _driver.Manage().Timeouts().AsynchronousJavaScript = TimeSpan.FromMinutes(2);
        UseTheme("dark");
    }

    /// <summary>Starts one; without it the test is skipped, or fails where CI is <c>true</c>, because there it must not go unnoticed.</summary>
    public static Task<Browser> RequireAsync()
    {
        var browser = BrowserNames.Select(Find).FirstOrDefault(path => path is not null);
        var driver = Find("chromedriver");
        if (browser is not null && driver is not null)
        {
            return Task.Run(() => new Browser(browser, driver));
        }

        Requirement.Missing("no chromium or no chromedriver is on the PATH; './caur test' as root installs them on Debian");
        return null!;
    }

    public void Open(string url) => _driver.Navigate().GoToUrl(url);

    /// <summary>Runs the body of a function in the page.</summary>
    public T Run<T>(string script, params object[] arguments) => As<T>(_driver.ExecuteScript(script, arguments)!);

    public void Run(string script, params object[] arguments) => _driver.ExecuteScript(script, arguments);

    /// <summary>Runs the body of an async function in the page and waits for it.</summary>
    public T RunAsync<T>(string script, params object[] arguments) => As<T>(_driver.ExecuteAsyncScript(
        $"const done = arguments[arguments.length - 1]; (async (...arguments) => {{ {script} }})(...arguments).then(done, error => done('failed: ' + error.stack));",
        arguments)!);

    /// <summary>Waits until an expression in the page is true. What it names may be missing between two drawings.</summary>
    public Task UntilAsync(string expression) => Until.TrueAsync(() => Run<bool>($"try {{ return Boolean({expression}) }} catch {{ return false }}"), expression);

    public IWebElement Element(string selector) => _driver.FindElement(By.CssSelector(selector));

    /// <summary>Clicks an element. One that the page draws anew between finding and clicking is found again.</summary>
    public void Click(string selector)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                Element(selector).Click();
                return;
            }
            catch (StaleElementReferenceException) when (tries < 10)
            {
            }
        }
    }

    public string Text(string selector) => Run<string>("return document.querySelector(arguments[0]).textContent", selector);

    /// <summary>Presses keys, one after the other, wherever the focus is.</summary>
    public void Press(string keys) => new OpenQA.Selenium.Interactions.Actions(_driver).SendKeys(keys).Perform();

    public void PressWithShift(string key) =>
        new OpenQA.Selenium.Interactions.Actions(_driver).KeyDown(Keys.Shift).SendKeys(key).KeyUp(Keys.Shift).Perform();

    public void ClickWithShift(string selector) =>
        new OpenQA.Selenium.Interactions.Actions(_driver).KeyDown(Keys.Shift).Click(Element(selector)).KeyUp(Keys.Shift).Perform();

    /// <summary>A command of the browser's debugging protocol, and its answer.</summary>
    public IReadOnlyDictionary<string, object?> Command(string name, Dictionary<string, object?> parameters) =>
        (Dictionary<string, object?>)_driver.ExecuteCdpCommand(name, parameters)!;

    /// <summary>Pretends that the reader has set a theme: dark or light.</summary>
    public void UseTheme(string theme) => Command(
        "Emulation.setEmulatedMedia", new() { ["features"] = new[] { new Dictionary<string, object?> { ["name"] = "prefers-color-scheme", ["value"] = theme } } });

    /// <summary>What the page has complained of since the last call: errors in scripts, and what the content security policy forbade.</summary>
    public IReadOnlyList<string> Complaints() => [.. _driver.Manage().Logs.GetLog(LogType.Browser)
        .Where(entry => entry.Level >= LogLevel.Warning && !entry.Message.Contains("Failed to load resource", StringComparison.Ordinal))
        .Select(entry => entry.Message)];

    public void SavePicture(string path) => _driver.GetScreenshot().SaveAsFile(path);

    public void Dispose()
    {
        _driver.Dispose();
        _service.Dispose();
    }

    private static T As<T>(object value) => value is string text && text.StartsWith("failed: ", StringComparison.Ordinal)
        ? throw new InvalidOperationException(text)
        : JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value))!;

    private static string? Find(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Where(folder => folder != "")
        .Select(folder => Path.Combine(folder, name))
        .FirstOrDefault(File.Exists);
}

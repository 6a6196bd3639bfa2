using System.Globalization;
using Caur.Tests.Logs;

namespace Caur.Tests.Web;

/// <summary>The pages in a real browser, in front of a real gateway: one of each for all rooms, so one test at a time.</summary>
[Collection(nameof(ViewerTests))]
public abstract class ViewerTests(ViewerFixture fixture) : IDisposable
{
    private protected ViewerFixture Fixture { get; } = fixture;

    private protected Browser Browser { get; } = fixture.Browser;

    /// <summary>No test may leave the page with an error, or with something that its policy had to forbid.</summary>
    public void Dispose()
    {
        GC.SuppressFinalize(this);
        Browser.Complaints().ShouldBeEmpty();
    }

    private protected static string Numbered(int count) =>
        string.Concat(Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"line {number}\r\n")));

    /// <summary>The rows that are drawn, in their order.</summary>
    private protected string[] Lines() => Browser.Run<string[]>("""
        return [...document.querySelectorAll('.row')].sort((a, b) => parseFloat(a.style.top) - parseFloat(b.style.top)).map(row => row.querySelector('.text').textContent)
        """);

    private protected string[] Visible() => Browser.Run<string[]>("""
        const log = document.querySelector('#log').getBoundingClientRect();
        return [...document.querySelectorAll('.row')].filter(row => {
          const box = row.getBoundingClientRect();
          return box.top >= log.top - 1 && box.bottom <= log.bottom + 1;
        }).map(row => row.querySelector('.text').textContent);
        """);

    private protected Task LastVisibleAsync(string text) => Until.TrueAsync(() => Visible().Contains(text), $"'{text}' on the screen");

    private protected bool Pressed(string selector) => Browser.Run<string>("return document.querySelector(arguments[0]).getAttribute('aria-pressed')", selector) == "true";

    private protected void SearchFor(string text) => Browser.Run(
        "const field = document.querySelector('#search-text'); field.focus(); field.value = arguments[0]; field.dispatchEvent(new Event('input'))", text);

    private protected Task CountAsync(params string[] any) => Until.TrueAsync(
        () => any.Contains(Browser.Text("#search-count")), string.Join(" or ", any));

    /// <summary>Waits until a match is the one that was gone to. Its row is drawn after the count, and may be drawn again at any time.</summary>
    /// <param name="expected">The number of its line, and its text.</param>
    private protected Task CurrentMatchAsync(string expected) => Until.HoldsAsync(() => CurrentMatch().ShouldBe(expected));

    private string? CurrentMatch() => Browser.Run<string?>("""
        const pieces = [...document.querySelectorAll('mark.current')];
        return pieces.length === 0 ? null : `${Number(pieces[0].dataset.line) + 1}:${pieces.map(piece => piece.textContent).join('')}`;
        """);
}

/// <summary>The one browser.</summary>
[CollectionDefinition(nameof(ViewerTests))]
public sealed class ViewerRooms : ICollectionFixture<ViewerFixture>;

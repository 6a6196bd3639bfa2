using System.Text.RegularExpressions;
using Caur.Storage.Logs;
using Caur.Tests.Engine.Durability;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Logs;

/// <summary>A log counts as finished only when its bytes are on the disk, whether one ends or many at once.</summary>
public sealed partial class LogDurabilityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task CompleteAsync_WhenItMarksALog_HasSyncedItsBytes(int logs)
    {
        await Strace.RequireAsync();
        var trace = _folder["trace"];
        var ended = await Strace.RunAsync(
            trace, ["-e", "trace=pwrite64,pwritev,fsync,fdatasync,syncfs,rename,renameat,renameat2"], typeof(ManyLogs), _folder["logs"], $"{logs}");
        ended.ExitCode.ShouldBe(0, ended.Error);

        var calls = Read(await File.ReadAllLinesAsync(trace, TestContext.Current.CancellationToken));
        var marks = calls.Where(static call => call.Name.StartsWith("rename", StringComparison.Ordinal) && call.Text.Contains(".live\"", StringComparison.Ordinal)).ToList();
        marks.Count.ShouldBe(logs);
        foreach (var mark in marks)
        {
            var path = LivePath().Match(mark.Text).Groups[1].Value;
            var written = calls.Where(call => call.Name.StartsWith("pwrite", StringComparison.Ordinal) && call.Text.Contains($"<{path}>", StringComparison.Ordinal)).ToList();
            written.ShouldNotBeEmpty();
            calls.Exists(call => call.Begin > written.Max(static one => one.End) && call.End < mark.Begin && Syncs(call, path))
                .ShouldBeTrue($"{path} was marked before its bytes were synced");
        }
    }

    private static bool Syncs((string Name, string Text, int Begin, int End) call, string path) =>
        call.Name == "syncfs" || (call.Name is "fsync" or "fdatasync" && call.Text.Contains($"<{path}>", StringComparison.Ordinal));

    /// <summary>Whole calls, with the lines at which they begin and end: another thread's may come between.</summary>
    private static List<(string Name, string Text, int Begin, int End)> Read(string[] lines)
    {
        var calls = new List<(string Name, string Text, int Begin, int End)>();
        var unfinished = new Dictionary<string, (string Name, string Text, int Begin)>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (Begun().Match(lines[i]) is { Success: true } begun)
            {
                var (thread, name, text) = (begun.Groups[1].Value, begun.Groups[2].Value, begun.Groups[3].Value);
                if (text.EndsWith("<unfinished ...>", StringComparison.Ordinal))
                {
                    unfinished[thread] = (name, text, i);
                }
                else
                {
                    calls.Add((name, text, i, i));
                }
            }
            else if (Resumed().Match(lines[i]) is { Success: true } resumed && unfinished.Remove(resumed.Groups[1].Value, out var first))
            {
                calls.Add((first.Name, first.Text, first.Begin, i));
            }
        }

        return calls;
    }

    [GeneratedRegex(@"^(\d+) +(\w+)\((.*)$")]
    private static partial Regex Begun();

    [GeneratedRegex(@"^(\d+) +<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex("\"([^\"]+\\.live)\",")]
    private static partial Regex LivePath();
}

/// <summary>A process that ends so many logs at once.</summary>
internal static class ManyLogs
{
    public static async Task RunAsync(string[] arguments)
    {
        using var store = new BuildLogStore(arguments[0]);
        await Task.WhenAll(Enumerable.Range(0, int.Parse(arguments[1], System.Globalization.CultureInfo.InvariantCulture)).Select(async number =>
        {
            await using var log = await store.OpenAsync(new LogKey($"package-{number}", 1, "t", "any"), CancellationToken.None);
            await log.AppendAsync("text"u8.ToArray(), CancellationToken.None);
            await log.CompleteAsync(CancellationToken.None);
        }));
    }
}

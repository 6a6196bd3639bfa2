using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Caur.Tests.Fire;

/// <summary>What is true of a farm when its builds are over, whatever happened meanwhile.</summary>
internal static class Invariants
{
    /// <summary>How an attempt ends that is followed by another.</summary>
    private static readonly string[] NotTheLast = ["BuilderLost", "HandedBack", "SystemError"];

    /// <summary>Lets builds come to their end, and looks at all that there were.</summary>
    /// <param name="farm">The farm; of its builders those that live are there again.</param>
    /// <param name="limit">How long one of them may take.</param>
    /// <param name="builds">The ones to tell of.</param>
    /// <returns>How the builds ended, in that order.</returns>
    public static async Task<IReadOnlyList<JsonElement>> CheckAsync(FireFarm farm, TimeSpan limit, params string[] builds)
    {
        var ends = await CheckAsync(farm, limit, static _ => true, mayGiveUp: false);
        return [.. builds.Select(build => ends[farm.Builds.ToList().IndexOf(build)])];
    }

    /// <summary>Lets all builds come to their end, and looks.</summary>
    /// <param name="farm">As above.</param>
    /// <param name="limit">As above.</param>
    /// <param name="explains">Whether something that happened explains what an attempt says that was a system's error.</param>
    /// <param name="mayGiveUp">Whether a build may have lost as many attempts as end it.</param>
    /// <returns>How the builds ended, in the order of <see cref="FireFarm.Builds"/>.</returns>
    public static async Task<IReadOnlyList<JsonElement>> CheckAsync(FireFarm farm, TimeSpan limit, Func<string, bool> explains, bool mayGiveUp)
    {
        farm.LetGo(farm.Builds);
        List<JsonElement> ends = [];
        foreach (var build in farm.Builds)
        {
            ends.Add(await farm.Hub.SettledAsync(build, limit));
        }

        List<string> published = [];
        foreach (var (build, end) in farm.Builds.Zip(ends))
        {
            var log = await farm.LogAsync(build);
            var attempts = end.GetProperty("view").GetProperty("attempts").EnumerateArray().ToList();
            end.GetProperty("final").GetBoolean().ShouldBeTrue(end.ToString());
            var state = end.GetProperty("state").GetString();
            var why = $"{build}:\n{end}\n{log}\n{string.Join('\n', farm.Builders.Select(static builder => $"{builder.Name} said:\n{builder.Said}"))}\nthe hub said:\n{farm.Hub.Output}";
            if (state == "SystemError" && mayGiveUp)
            {
                attempts.Count(static attempt => attempt.GetProperty("end").GetString() is "BuilderLost" or "SystemError").ShouldBeGreaterThanOrEqualTo(3, why);
            }
            else
            {
                state.ShouldBe("Published", why);
                attempts[^1].GetProperty("end").GetString().ShouldBe("Built", why);
                published.Add(FireFarm.NameIn(build));
            }

            CheckAttempts(attempts, farm.HubKills > 0, why);
            attempts.Where(static attempt => attempt.GetProperty("end").GetString() == "SystemError").ShouldAllBe(attempt => explains(MessageOf(attempt)), why);
            CheckLog(farm, build, attempts, log, state == "Published", why);
        }

        published.ShouldNotBeEmpty();

        // An entry goes by news of the end, a moment after it.
        List<JsonElement> queue = [];
        await farm.UntilAsync(
            async () =>
            {
                queue = [.. (await farm.Hub.GetAsync("/api/v1/queue")).GetProperty("items").EnumerateArray()];
                return queue.TrueForAll(item => farm.Abandoned.Contains(item.GetProperty("build").GetString()!));
            },
            () => $"that nothing is left in the queue:\n{string.Join('\n', queue)}\n");
        foreach (var builder in farm.Builders)
        {
            await builder.NothingLeftAsync();
        }

        // When nobody is there any more that could bring something; and an end is one.
        foreach (var build in farm.Abandoned)
        {
            published.AddRange((await farm.ViewAsync(build)).GetProperty("state").GetString() == "Published" ? [FireFarm.NameIn(build)] : []);
        }

        await CheckRepositoryAsync(farm, published);
        foreach (var (build, end) in farm.Builds.Zip(ends))
        {
            JsonElement.DeepEquals(await farm.ViewAsync(build), end).ShouldBeTrue($"{build} was\n{end}\nand then\n{await farm.ViewAsync(build)}");
        }

        farm.Passed();
        return ends;
    }

    /// <summary>How many attempts a build had.</summary>
    public static int AttemptsOf(JsonElement build) => EndsOf(build).Count;

    /// <summary>How its attempts ended; none of one that nobody had.</summary>
    public static IReadOnlyList<string?> EndsOf(JsonElement build) => build.TryGetProperty("view", out var view) && view.ValueKind == JsonValueKind.Object
        ? [.. view.GetProperty("attempts").EnumerateArray().Select(static attempt => attempt.GetProperty("end").GetString())]
        : [];

    /// <summary>What the hub says at the end of an attempt.</summary>
    private static string EndOf(JsonElement attempt) => $"attempt {NumberOf(attempt)} ended: {MessageOf(attempt).TrimEnd('.')}";

    private static string MessageOf(JsonElement attempt) => attempt.GetProperty("message").GetString()!;

    private static int NumberOf(JsonElement attempt) => attempt.GetProperty("number").GetInt32();

    private static void CheckAttempts(List<JsonElement> attempts, bool wasHubKilled, string why)
    {
        // A number may be missing: a hub that is killed while it takes an acceptance in may have kept that in the queue's record alone. Such an
        // attempt never began, and has no part of the log.
        var numbers = attempts.Select(NumberOf).ToList();
        numbers.ShouldBe(wasHubKilled ? [.. numbers.Distinct().Order()] : Enumerable.Range(1, numbers.Count), why);
        foreach (var lost in attempts.SkipLast(1))
        {
            lost.GetProperty("end").GetString().ShouldBeOneOf(NotTheLast, why);
            MessageOf(lost).ShouldNotBeNullOrEmpty(why);
        }
    }

    /// <summary>Each attempt that began has its part of the log, in order; what its container said is there from the first number on without gap
    /// or repetition, of an attempt that was heard some of it, and of the last attempt all of it; and why an attempt was not the last stands behind
    /// all that it said.</summary>
    private static void CheckLog(FireFarm farm, string build, List<JsonElement> attempts, string log, bool isPublished, string why)
    {
        var name = FireFarm.NameIn(build);
        var parts = LogPart.Of(log);
        var known = parts.Select(static part => part.Attempt).ToList();
        known.ShouldBe([.. known.Distinct().Order()], why);
        known.ShouldBeSubsetOf(attempts.Select(NumberOf), why);

        attempts.Where(attempt => !MayLackItsPart(attempt) || farm.Heard(build, NumberOf(attempt))).Select(NumberOf).ShouldBeSubsetOf(known, why);
        foreach (var part in parts)
        {
            var attempt = attempts.Single(one => NumberOf(one) == part.Attempt);
            attempt.GetProperty("builder").GetString()!.ShouldStartWith($"{part.Builder}/", Case.Sensitive, why);
            part.Numbers.ShouldBe(Enumerable.Range(1, part.Numbers.Count), why);
            part.Numbers.Count.ShouldBeGreaterThanOrEqualTo(farm.Heard(build, part.Attempt) ? 1 : 0, why);
            if (part.Attempt < NumberOf(attempts[^1]))
            {
                part.Behind.ShouldContain(EndOf(attempt), Case.Sensitive, why);
                part.Behind.ShouldContain("The build is tried again.", Case.Sensitive, why);
            }
            else if (isPublished)
            {
                var last = Regex.Match(part.Behind, $@"(?m)^{name} said (\d+)\.");
                last.Success.ShouldBeTrue(why);
                last.Groups[1].Value.ShouldBe(part.Numbers.Count.ToString(CultureInfo.InvariantCulture), why);
            }
        }

        attempts.SkipLast(1).Where(attempt => !known.Contains(NumberOf(attempt))).ShouldAllBe(attempt => log.Contains(EndOf(attempt)), why);
        if (isPublished)
        {
            known[^1].ShouldBe(NumberOf(attempts[^1]), why);
        }

        (log.Split("Package successfully deployed").Length - 1).ShouldBe(isPublished ? 1 : 0, why);
        log.ShouldNotContain("bytes of the log were lost", Case.Sensitive, why);
        log.ShouldNotContain('\0', why);
    }

    /// <summary>One that was handed back may not have begun, nor one whose builder had no room for it; and who is killed takes along what he had
    /// not said yet.</summary>
    private static bool MayLackItsPart(JsonElement attempt) => attempt.GetProperty("end").GetString() switch
    {
        "HandedBack" or "BuilderLost" => true,
        "SystemError" => MessageOf(attempt).Contains("has no room", StringComparison.Ordinal),
        _ => false,
    };

    /// <summary>Every package is there, and each build made its one publication.</summary>
    private static async Task CheckRepositoryAsync(FireFarm farm, List<string> published)
    {
        var folder = Path.Combine(farm.Setup.Data, "repos", "farm", "x86_64");
        var files = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.pkg.tar.zst").Select(Path.GetFileName) : [];
        files.Order(StringComparer.Ordinal).ShouldBe(published.Order(StringComparer.Ordinal).Select(static name => $"{name}-1-1-any.pkg.tar.zst"));
        var generations = (await farm.Hub.GetAsync("/api/v1/repositories/farm/x86_64")).GetProperty("generations").EnumerateArray().ToList();
        int SumOf(string what) => generations.Sum(generation => generation.GetProperty(what).GetInt32());
        (SumOf("builds"), SumOf("added"), SumOf("removed")).ShouldBe((published.Count, published.Count, 0));
    }
}

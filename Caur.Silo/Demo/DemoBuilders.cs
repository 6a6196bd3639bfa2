using System.Globalization;
using Caur.Api.Auth;
using Caur.Contracts.Builds;
using Caur.Silo.Cli;
using Caur.Silo.Cli.Tokens;

namespace Caur.Silo.Demo;

/// <summary>Builders of the demo that are processes of their own, as on other machines: each with a token, a class, slots and a workspace of
/// its own, joined over a link. One of them is killed while it builds, and comes back at the end.</summary>
internal sealed class DemoBuilders(DemoFolders folders, int count, DemoSay say, TimeProvider time)
{
    private static readonly TimeSpan JoinPatience = TimeSpan.FromMinutes(1);

    private readonly List<Member> _members =
    [
        .. Enumerable.Range(1, count).Select(number =>
        {
            // Different classes and slots: 2 as every builder's default, then higher ones; two builds at once on every second one.
            var name = string.Create(CultureInfo.InvariantCulture, $"demo-{number}");
            var folder = Path.Combine(folders.Root, "builders", name);
            return new Member(
                name, Class: number + 1, Slots: 1 + (number % 2), folder,
                new DemoProcess($"the builder {name}", Path.Combine(folder, "builder.log"), Path.Combine(folder, "builder.json"), time));
        }),
    ];

    private readonly List<string> _tokens = [];
    private IReadOnlyDictionary<string, string> _variables = new Dictionary<string, string>();
    private Member? _killed;

    /// <summary>Ends those that an earlier demo left here, also when it had more of them.</summary>
    public static async Task StopLeftoversAsync(DemoFolders folders, DemoSay say, TimeProvider time)
    {
        var root = Path.Combine(folders.Root, "builders");
        foreach (var folder in Directory.Exists(root) ? Directory.GetDirectories(root) : [])
        {
            var name = Path.GetFileName(folder);
            var left = new DemoProcess($"the builder {name}", Path.Combine(folder, "builder.log"), Path.Combine(folder, "builder.json"), time);
            if (await left.StopLeftoverAsync() is { } process)
            {
                say.Note($"The builder {name} of an earlier demo, process {process}, was still there and is ended now");
            }
        }
    }

    /// <summary>Makes tokens, starts the processes, and returns when all have joined.</summary>
    public async Task StartAsync(FarmClient farm, int port, CancellationToken cancellationToken)
    {
        say.Step($"Starting {count} builders as processes of their own: caur builder");
        _variables = new Dictionary<string, string> { ["CAUR_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}") };
        var tokens = new FarmTokens(farm);
        foreach (var member in _members)
        {
            Directory.CreateDirectory(member.Folder);
            File.Delete(Path.Combine(member.Folder, "builder.log"));
            var made = await tokens.CreateAsync(
                new TokenOrder { Role = TokenRole.Builder, Name = member.Name, Expires = time.GetUtcNow().AddDays(1) }, cancellationToken);
            _tokens.Add(made.Id);
            await SecretAsync(member.TokenFile, made.Token, cancellationToken);
            await StartAsync(member, cancellationToken);
        }

        foreach (var member in _members)
        {
            await JoinedAsync(farm, member, cancellationToken);
            say.Note(string.Create(
                CultureInfo.InvariantCulture, $"{member.Name}: process {member.Process.Id}, class {member.Class}, {(member.Slots == 1 ? "1 slot" : $"{member.Slots} slots")}"));
        }
    }

    /// <summary>Kills one of those that build, once, and not before something came to a good end.</summary>
    public async Task ChangedAsync(IReadOnlyCollection<BuildProgress> builds)
    {
        if (_killed is null
            && builds.Any(build => build.EndedWell)
            && builds.FirstOrDefault(build => build.State == BuildState.Running && build.Builder is not null) is { } running
            && _members.FirstOrDefault(member => member.Name == running.Builder!.Split('/')[0]) is { } member)
        {
            _killed = member;
            await member.Process.KillAsync();
            say.Step($"kill -9 of the builder {member.Name} while it builds {running.Build.Pkgbase}: its lease ends after 30 s, and another one takes over");
        }
    }

    /// <summary>Starts the one that was killed again: it ends what its former process left.</summary>
    /// <returns>What is not as it should be; null when all is well.</returns>
    public async Task<string?> ReviveAsync(FarmClient farm, CancellationToken cancellationToken)
    {
        if (_killed is null)
        {
            return "no builder was killed: nothing was running when something had come to its end";
        }

        say.Step($"Starting the builder {_killed.Name} again: it ends what its former process left");
        await StartAsync(_killed, cancellationToken);
        await JoinedAsync(farm, _killed, cancellationToken);
        return null;
    }

    /// <summary>Ends all of them in order, and their tokens.</summary>
    public async Task StopAsync(FarmClient? farm)
    {
        say.Note("Ending the builders");
        await Task.WhenAll(_members.Select(member => member.Process.StopAsync()));
        foreach (var member in _members)
        {
            File.Delete(member.TokenFile);
        }

        if (farm is not null)
        {
            var tokens = new FarmTokens(farm);
            foreach (var token in _tokens)
            {
                await tokens.RevokeAsync(token, CancellationToken.None);
            }
        }
    }

    private static async Task SecretAsync(string path, string text, CancellationToken cancellationToken)
    {
        File.Delete(path);
        await using var file = new FileStream(
            path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        await using var writer = new StreamWriter(file);
        await writer.WriteLineAsync(text.AsMemory(), cancellationToken);
    }

    private Task StartAsync(Member member, CancellationToken cancellationToken) => member.Process.StartAsync(
        ["builder", "--slots", member.Slots.ToString(CultureInfo.InvariantCulture)],
        new Dictionary<string, string>(_variables)
        {
            ["BUILDER_HOSTNAME"] = member.Name,
            ["BUILDER_CLASS"] = member.Class.ToString(CultureInfo.InvariantCulture),
            ["CAUR_TOKEN_FILE"] = member.TokenFile,
            ["SHARED_PATH"] = Path.Combine(member.Folder, "workspace"),
        },
        cancellationToken);

    private async Task JoinedAsync(FarmClient farm, Member member, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (!(await farm.BuildersAsync(cancellationToken)).Any(builder => builder.Builder.Name == member.Name && builder.State == Contracts.Events.BuilderPresence.Ready))
        {
            if (!member.Process.IsAlive)
            {
                throw await member.Process.FailedAsync("ended before it had joined");
            }

            if (time.GetElapsedTime(since) > JoinPatience)
            {
                throw await member.Process.FailedAsync($"has not joined after {JoinPatience.TotalSeconds:0} s");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    private sealed record Member(string Name, int Class, int Slots, string Folder, DemoProcess Process)
    {
        public string TokenFile => Path.Combine(Folder, "token");
    }
}

using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Tests.Api;
using Caur.Tests.Support;

namespace Caur.Tests.Link;

/// <summary>Sessions of builders that are out there, checked in as they cross the line, said again to this gateway: with messages that come
/// twice, late and in another order. It answers as it did.</summary>
public sealed partial class RecordedSessionTests : IAsyncDisposable
{
    private const string Recording = "Caur.Tests/Link/Recorded/v1-sessions.txt";

    private readonly ShiftedTime _time = new(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, RawLink> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Queue<string>> _heard = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BuildId> _builds = new(StringComparer.Ordinal);
    private readonly List<string> _said = [];
    private readonly SortedSet<long> _open = [];
    private LinkHub _hub = null!;

    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links.Values)
        {
            link.Dispose();
        }

        await _hub.DisposeAsync();
    }

    [Fact]
    public async Task Session_ThatIsRecorded_IsAnsweredAsItWas()
    {
        _hub = await LinkHub.StartAsync(_time);
        var lines = (await File.ReadAllLinesAsync(CheckedInText.PathOf(Recording), TestContext.Current.CancellationToken))
            .Where(line => !FromGateway().IsMatch(line)).ToList();
        foreach (var (line, next) in lines.Zip(lines.Skip(1).Append("")))
        {
            _said.Add(line);
            if (line.StartsWith('!'))
            {
                await HappenAsync(line[2..].Split(' '));
            }
            else if (FromAgent().Match(line) is { Success: true } said)
            {
                await SayAsync(said.Groups["link"].Value, said.Groups["message"].Value);
                if (!said.Groups["on"].Success || FromAgent().Match(next) is not { Success: true } more || more.Groups["link"].Value != said.Groups["link"].Value)
                {
                    await HearAsync(said.Groups["link"].Value);
                }
            }
        }

        await CheckedInText.ShouldBe(Recording, string.Join('\n', _said) + "\n", "CAUR_ACCEPT_LINK");
    }

    [GeneratedRegex(@"^(?<link>[a-z])>(?<on>>)? (?<message>.+)$")]
    private static partial Regex FromAgent();

    [GeneratedRegex("^[a-z]<")]
    private static partial Regex FromGateway();

    /// <summary>There only while somebody listens to traces, as another test may.</summary>
    [GeneratedRegex("""\"trace_(parent|state)\":\"[^"]*\",""")]
    private static partial Regex Traces();

    private static bool IsBinary(string message) => message.StartsWith("binary ", StringComparison.Ordinal);

    private async Task HappenAsync(string[] what)
    {
        switch (what)
        {
            case ["queue", var pkgbase]:
                _builds[pkgbase] = await _hub.Hub.EnqueueAsync(pkgbase);
                break;
            case ["open", var link, var builder]:
                _links[link] = await _hub.RawAsync((await _hub.TokenAsync(builder)).Token);
                _heard[link] = new Queue<string>();
                break;
            case ["cut", var link]:
                _links[link].Dispose();
                await ApiHub.UntilAsync(async () => await _hub.PresenceAsync("north") == "Lost", "that the loss is noticed");
                break;
            case ["closed", var link]:
                _said.Add($"{link}< closed {await _links[link].EndAsync()}");
                break;
            case ["hears", var link]:
                await ReadUntilAsync(link, () => _heard[link].Count > 0);
                _said.Add($"{link}< {_heard[link].Dequeue()}");
                break;
            case ["cancel", var pkgbase]:
                await _hub.Hub.Queue().CancelAsync(_builds[pkgbase], "nobody wants it");
                break;
            case ["lease-ends", var pkgbase]:
                await ApiHub.UntilAsync(
                    async () =>
                    {
                        _time.Forward(TimeSpan.FromSeconds(1));
                        return (await _hub.Hub.Queue().FindAsync(_builds[pkgbase]))?.State == BuildState.Waiting;
                    },
                    "the end of the lease");
                break;
            default:
                throw new FormatException($"the recording has '{string.Join(' ', what)}'");
        }
    }

    private async Task SayAsync(string link, string message)
    {
        var bytes = IsBinary(message) ? Convert.FromHexString(message[7..]) : Encoding.UTF8.GetBytes(message);
        _open.Add(IsBinary(message) ? long.Parse(message[9..25], NumberStyles.HexNumber, CultureInfo.InvariantCulture) : IdOf(message)!.Value);
        await _links[link].SendAsync(bytes, IsBinary(message) ? WebSocketMessageType.Binary : WebSocketMessageType.Text);
    }

    /// <summary>Reads the answers to all that is open: they may come in any order, and are kept in that of their ids.</summary>
    private async Task HearAsync(string link)
    {
        var answers = new SortedDictionary<long, string>();
        await ReadUntilAsync(link, () => _open.Count == 0, answers);
        _said.AddRange(answers.Values.Select(answer => $"{link}< {answer}"));
    }

    private async Task ReadUntilAsync(string link, Func<bool> enough, SortedDictionary<long, string>? answers = null)
    {
        while (!enough())
        {
            var message = (await _links[link].ReadAsync()).ShouldNotBeNull($"link {link} has ended after\n{string.Join('\n', _said.TakeLast(20))}");
            if (IdOf(message) is { } id)
            {
                _open.Remove(id).ShouldBeTrue(message);
                answers.ShouldNotBeNull()[id] = Plain(message);
            }
            else if (message != """{"type":"work_available"}""")
            {
                _heard[link].Enqueue(Plain(message));
            }
        }
    }

    private static long? IdOf(string message)
    {
        using var json = JsonDocument.Parse(message);
        return json.RootElement.TryGetProperty("id", out var id) ? id.GetInt64() : null;
    }

    private string Plain(string message) => Traces().Replace(
        message.Replace(_hub.Hub.SourceFolder, "FOLDER", StringComparison.Ordinal)
            .Replace($":{_hub.Hub.Url.Port}", ":GATEWAY", StringComparison.Ordinal),
        "");
}

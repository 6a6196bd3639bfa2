using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Tests.Support;

namespace Caur.Tests.Grains;

/// <summary>An agent that does what a test says, by the calls that a session makes.</summary>
internal sealed class ScriptedBuilder : IBuilderSessionObserver
{
    private readonly Farm _farm;
    private BuilderProfile _profile;
    private IBuilderSessionObserver? _reference;
    private Guid _session = Guid.NewGuid();

    public ScriptedBuilder(Farm farm, string name = "builder", int slots = 1)
    {
        _farm = farm;
        _profile = new BuilderProfile { Builder = new BuilderId(name, "0"), Slots = slots, Architectures = ["x86_64"] };
    }

    public BuilderId Id => _profile.Builder;

    /// <summary>What it says of itself when it joins the next time.</summary>
    public BuilderProfile Profile
    {
        get => _profile;
        set => _profile = value;
    }

    /// <summary>New at each start of the agent.</summary>
    public Guid Boot { get; set; } = Guid.NewGuid();

    /// <summary>What it runs, and says that it runs.</summary>
    public List<BuildAttempt> Running { get; } = [];

    public ConcurrentQueue<(BuildAttempt Attempt, string Reason)> Cancels { get; } = new();

    public int Pokes { get; private set; }

    public bool Draining { get; private set; }

    public IBuilderGrain Grain => _farm.Client.GetGrain<IBuilderGrain>(Id.ToString());

    /// <summary>Joins with a session of its own, as after a lost link.</summary>
    public async Task<JoinReply> JoinAsync()
    {
        _session = Guid.NewGuid();
        _reference = _farm.Client.CreateObjectReference<IBuilderSessionObserver>(this);
        var reply = await Grain.JoinAsync(
            new BuilderJoin { Session = _session, BootId = Boot, Profile = _profile, Running = [.. Running] }, _reference).DefaultTimeout("join");
        if (reply.Accepted)
        {
            Running.RemoveAll(attempt => !reply.Current.Contains(attempt));
        }

        return reply;
    }

    public Task<RenewResult> RenewAsync() => Grain.RenewAsync(_session, _reference!, [.. Running]).DefaultTimeout("renew");

    /// <summary>What its link says while it is open.</summary>
    public Task AliveAsync() => Grain.AliveAsync(_session).DefaultTimeout("alive");

    public Task<ImmutableArray<QueueOffer>> TakeAsync(int slots = 1) => Grain.TakeAsync(_session, slots).DefaultTimeout("take");

    public Task<bool> AcceptAsync(BuildAttempt attempt) => Grain.AcceptAsync(_session, attempt).DefaultTimeout("accept");

    public Task<bool> UploadingAsync(BuildAttempt attempt) => Grain.UploadingAsync(_session, attempt).DefaultTimeout("uploading");

    /// <summary>Takes the next build and accepts it.</summary>
    public async Task<BuildAttempt> StartAsync()
    {
        var attempt = (await TakeAsync()).ShouldHaveSingleItem().Attempt;
        (await AcceptAsync(attempt)).ShouldBeTrue();
        Running.Add(attempt);
        return attempt;
    }

    public async Task<LogAppended> WriteAsync(BuildAttempt attempt, string text, long offset = 0) =>
        await _farm.Log(attempt.Build)
            .AppendAsync(new LogPiece { Attempt = attempt, Offset = offset, Bytes = Encoding.UTF8.GetBytes(text) }).DefaultTimeout("append");

    public async Task<bool> CompleteAsync(BuildAttempt attempt, AttemptEnd end, string message = "")
    {
        var report = new AttemptReport
        {
            Attempt = attempt,
            End = end,
            Message = message,
            Archives = end == AttemptEnd.Built ? [new LandedArchive { FileName = "a.pkg.tar.zst", Size = 1, Sha256 = new string('0', 64) }] : [],
            Finished = _farm.Clock.GetUtcNow(),
        };
        var current = await Grain.CompleteAsync(_session, report).DefaultTimeout("complete");
        Running.Remove(attempt);
        return current;
    }

    /// <summary>Uploads and completes what it runs.</summary>
    public async Task FinishAsync(BuildAttempt attempt)
    {
        (await UploadingAsync(attempt)).ShouldBeTrue();
        (await CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeTrue();
    }

    /// <summary>Builds everything that it is offered, until nothing is left for it.</summary>
    public async Task<List<string>> BuildAllAsync()
    {
        var order = new List<string>();
        await _farm.UntilAsync(
            async () =>
            {
                foreach (var offer in await TakeAsync(_profile.Slots))
                {
                    (await AcceptAsync(offer.Attempt)).ShouldBeTrue();
                    Running.Add(offer.Attempt);
                    order.Add(offer.Attempt.Build.Pkgbase);
                    await FinishAsync(offer.Attempt);
                }

                return (await _farm.Queue.GetAsync()).Items.All(item => item.Wait is WaitReason.Held);
            },
            "everything is built");
        return order;
    }

    public Task LeaveAsync() => Grain.LeaveAsync(_session).DefaultTimeout("leave");

    Task IBuilderSessionObserver.WorkAvailableAsync()
    {
        Pokes++;
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.CancelAsync(BuildAttempt attempt, string reason)
    {
        Cancels.Enqueue((attempt, reason));
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.DrainAsync()
    {
        Draining = true;
        return Task.CompletedTask;
    }

    Task IBuilderSessionObserver.ResumeAsync()
    {
        Draining = false;
        return Task.CompletedTask;
    }
}

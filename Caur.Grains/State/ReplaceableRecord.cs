using System.Globalization;
using Caur.Storage.State;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.State;

/// <summary>One record of a grain that can go on without what it knew. A damaged one stays as it is, since its version is not known, and
/// the next name takes its place: <c>NAME</c>, <c>NAME-2</c>, <c>NAME-3</c>, ... After a failed write memory is ahead of storage: the
/// owner drops its activation or puts the matter right itself.</summary>
/// <typeparam name="T">What the record holds; a new one when nothing is stored.</typeparam>
internal sealed class ReplaceableRecord<T>(IGrainStorage storage, GrainId owner, string name)
    where T : class, new()
{
    private string _key = "";
    private GrainState<T> _record = new(new T());

    public T State => _record.State!;

    /// <summary>True when another record had this one's place and could not be read.</summary>
    public bool IsReplaced { get; private set; }

    /// <summary>Reads the first that is not damaged.</summary>
    /// <param name="onDamaged">Told of each that is.</param>
    public async Task LoadAsync(Action<DamagedRecord> onDamaged)
    {
        for (var number = 1; ; number++)
        {
            _key = number == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}-{number}");
            _record = new GrainState<T>(new T());
            try
            {
                await storage.ReadStateAsync(_key, owner, _record);
                return;
            }
            catch (Exception error) when (StateDamage.IsIn(error))
            {
                IsReplaced = true;
                onDamaged(new DamagedRecord(_key, IsCursor: false, error));
            }
        }
    }

    /// <summary>Completes when the value is durable. After a failure the state is what it was: the same wish again, which may wait for
    /// its turn already, must not find it done.</summary>
    public async Task WriteAsync(T next)
    {
        var before = _record.State;
        _record.State = next;
        try
        {
            await storage.WriteStateAsync(_key, owner, _record);
        }
        catch
        {
            _record.State = before;
            throw;
        }
    }
}
